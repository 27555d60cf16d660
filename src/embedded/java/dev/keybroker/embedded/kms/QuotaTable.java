package dev.keybroker.embedded.kms;

import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/// AWS's default request quotas, in calls a second for each account and region.
final class QuotaTable {

  /// The name of the quota that the symmetric cryptographic operations share.
  static final String SYMMETRIC = "Cryptographic operations (symmetric)";

  private static final Set<String> SYMMETRIC_OPERATIONS =
      Set.of(
          "Decrypt",
          "Encrypt",
          "GenerateDataKey",
          "GenerateDataKeyWithoutPlaintext",
          "GenerateRandom",
          "ReEncrypt");

  private static final Set<String> LARGEST = Set.of("us-east-1", "us-west-2", "eu-west-1");
  private static final Set<String> LARGE =
      Set.of(
          "us-east-2",
          "ap-southeast-1",
          "ap-southeast-2",
          "ap-northeast-1",
          "eu-central-1",
          "eu-west-2");

  private static final Map<String, Integer> PER_SECOND =
      Map.ofEntries(
          Map.entry("GenerateDataKeyPair ECC", 100),
          Map.entry("GenerateDataKeyPair RSA_2048", 20),
          Map.entry("GenerateDataKeyPair RSA_3072", 4),
          Map.entry("GenerateDataKeyPair RSA_4096", 1),
          Map.entry("CreateAlias", 5),
          Map.entry("CreateGrant", 50),
          Map.entry("CreateKey", 5),
          Map.entry("DeleteAlias", 15),
          Map.entry("DescribeKey", 2000),
          Map.entry("GetKeyPolicy", 1000),
          Map.entry("ListAliases", 500),
          Map.entry("ListGrants", 100),
          Map.entry("ListKeys", 500),
          Map.entry("ListRetirableGrants", 100),
          Map.entry("PutKeyPolicy", 15),
          Map.entry("RetireGrant", 30),
          Map.entry("RevokeGrant", 30),
          Map.entry("UpdateAlias", 5),
          Map.entry("AssumeRole", 600));

  private QuotaTable() {}

  /// The name of the quota that a KMS request counts against. A dry run counts as the call.
  static String quota(KmsRequest request) {
    String operation = request.operation();
    if (SYMMETRIC_OPERATIONS.contains(operation)) {
      return SYMMETRIC;
    }
    if (operation.startsWith("GenerateDataKeyPair")) {
      String spec = request.text("KeyPairSpec", "");
      return "GenerateDataKeyPair " + (spec.startsWith("ECC") ? "ECC" : spec);
    }
    return operation;
  }

  /// How many calls a second the quota allows; empty if this server knows of no limit.
  static OptionalInt perSecond(String quota, String region) {
    if (quota.equals(SYMMETRIC)) {
      return OptionalInt.of(
          LARGEST.contains(region) ? 100_000 : LARGE.contains(region) ? 20_000 : 10_000);
    }
    Integer perSecond = PER_SECOND.get(quota);
    return perSecond == null ? OptionalInt.empty() : OptionalInt.of(perSecond);
  }
}
