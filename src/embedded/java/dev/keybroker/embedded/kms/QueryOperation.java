package dev.keybroker.embedded.kms;

import java.util.Map;

/// One operation of STS or IAM: the members of its result, or an [AwsException]. A member's
/// value is a string, a map of further members, or a list of values.
interface QueryOperation {
  Map<String, Object> call(QueryRequest request);
}
