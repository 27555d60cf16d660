package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// One operation of the KMS API: its answer, or an [AwsException].
interface KmsAction {
  ObjectNode call(KmsRequest request);
}
