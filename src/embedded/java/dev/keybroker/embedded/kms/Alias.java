package dev.keybroker.embedded.kms;

import java.time.Instant;

/// A name, `alias/...`, for a key of the same account and region.
record Alias(
    String account,
    String region,
    String name,
    String targetKeyId,
    Instant created,
    Instant updated) {

  String arn() {
    return Arns.alias(account, region, name);
  }

  String targetArn() {
    return Arns.key(account, region, targetKeyId);
  }
}
