package dev.keybroker.embedded.kms;

import java.util.Map;

/// Makes the ARNs of KMS, IAM and STS, with the partition of their region.
final class Arns {

  private static final String GLOBAL = "-global";

  /// The partitions other than `aws`, by what the names of their regions start with.
  private static final Map<String, String> PARTITIONS =
      Map.of(
          "cn-", "aws-cn",
          "us-gov-", "aws-us-gov",
          "eusc-", "aws-eusc",
          "us-iso-", "aws-iso",
          "us-isob-", "aws-iso-b",
          "eu-isoe-", "aws-iso-e",
          "us-isof-", "aws-iso-f");

  private Arns() {}

  /// The partition that a region belongs to. Clients of services that have no regions sign for the
  /// region `{partition}-global`.
  static String partitionOf(String region) {
    if (region.endsWith(GLOBAL)) {
      return region.substring(0, region.length() - GLOBAL.length());
    }
    return PARTITIONS.entrySet().stream()
        .filter(prefix -> region.startsWith(prefix.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("aws");
  }

  static boolean isPartition(String text) {
    return text.equals("aws") || PARTITIONS.containsValue(text);
  }

  private static String kms(String account, String region, String resource) {
    return String.join(":", "arn", partitionOf(region), "kms", region, account, resource);
  }

  static String key(String account, String region, String keyId) {
    return kms(account, region, "key/" + keyId);
  }

  static String alias(String account, String region, String aliasName) {
    return kms(account, region, aliasName);
  }

  /// The ARN of an IAM user or role; `kind` is `user` or `role`, `path` starts and ends with `/`.
  static String iam(String partition, String account, String kind, String path, String name) {
    return "arn:" + partition + ":iam::" + account + ":" + kind + path + name;
  }

  static String session(String partition, String account, String roleName, String sessionName) {
    return "arn:"
        + partition
        + ":sts::"
        + account
        + ":assumed-role/"
        + roleName
        + "/"
        + sessionName;
  }
}
