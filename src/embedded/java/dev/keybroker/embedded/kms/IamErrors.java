package dev.keybroker.embedded.kms;

/// The errors of the IAM API, in the words of the service.
final class IamErrors {

  private IamErrors() {}

  static AwsException exists(String kind, String arn) {
    return new AwsException(
        "EntityAlreadyExists", 409, kind + " with name " + name(arn) + " already exists.");
  }

  static AwsException missing(String kind, String arn) {
    return new AwsException(
        "NoSuchEntity", 404, "The " + kind + " with name " + name(arn) + " cannot be found.");
  }

  static AwsException missingPolicy(String kind, String policy) {
    return new AwsException(
        "NoSuchEntity", 404, "The " + kind + " policy with name " + policy + " cannot be found.");
  }

  static AwsException conflict(String message) {
    return new AwsException("DeleteConflict", 409, message);
  }

  static AwsException malformedPolicy(String message) {
    return new AwsException("MalformedPolicyDocument", message);
  }

  private static String name(String arn) {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }
}
