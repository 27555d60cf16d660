package dev.keybroker.embedded.kms;

/// The key policies that AWS gives to keys that are created without one.
final class DefaultPolicies {

  private DefaultPolicies() {}

  /// Leaves everything to the account's own IAM policies.
  static String customerManaged(String partition, String account) {
    return """
    {
      "Version" : "2012-10-17",
      "Id" : "key-default-1",
      "Statement" : [ {
        "Sid" : "Enable IAM User Permissions",
        "Effect" : "Allow",
        "Principal" : {
          "AWS" : "arn:%s:iam::%s:root"
        },
        "Action" : "kms:*",
        "Resource" : "*"
      } ]
    }\
    """
        .formatted(partition, account);
  }

  /// Lets the account use the key through one AWS service, and look at it.
  static String awsManaged(String account, String region, String service) {
    return """
    {
      "Version" : "2012-10-17",
      "Id" : "auto-%3$s",
      "Statement" : [ {
        "Sid" : "Allow access through the service for all principals of the account",
        "Effect" : "Allow",
        "Principal" : {
          "AWS" : "*"
        },
        "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey" ],
        "Resource" : "*",
        "Condition" : {
          "StringEquals" : {
            "kms:CallerAccount" : "%1$s",
            "kms:ViaService" : "%3$s.%2$s.amazonaws.com"
          }
        }
      }, {
        "Sid" : "Allow direct access to key metadata to the account",
        "Effect" : "Allow",
        "Principal" : {
          "AWS" : "arn:%4$s:iam::%1$s:root"
        },
        "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
        "Resource" : "*"
      } ]
    }\
    """
        .formatted(account, region, service, Arns.partitionOf(region));
  }
}
