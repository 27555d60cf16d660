package dev.keybroker.embedded.kms;

/// The errors of the KMS API, one factory each, in the words of the service.
final class KmsErrors {

  private KmsErrors() {}

  static AwsException keyNotFound(String keyArn) {
    return new AwsException("NotFoundException", "Key '" + keyArn + "' does not exist");
  }

  static AwsException aliasNotFound(String aliasArn) {
    return new AwsException("NotFoundException", "Alias " + aliasArn + " is not found.");
  }

  static AwsException invalidKeyId(String keyId) {
    return new AwsException("NotFoundException", "Invalid keyId '" + keyId + "'");
  }

  /// An ARN of another region than the endpoint's.
  static AwsException wrongRegion(String region) {
    return new AwsException("NotFoundException", "Invalid arn " + region);
  }

  static AwsException invalidArn(String text) {
    return new AwsException("InvalidArnException", "Invalid arn " + text);
  }

  static AwsException grantNotFound(String grantId) {
    return new AwsException("NotFoundException", "Grant ID " + grantId + " not found");
  }

  static AwsException disabled(String keyArn) {
    return new AwsException("DisabledException", keyArn + " is disabled.");
  }

  static AwsException pendingDeletion(String keyArn) {
    return invalidState(keyArn + " is pending deletion.");
  }

  static AwsException invalidState(String message) {
    return new AwsException("KMSInvalidStateException", message);
  }

  /// A ciphertext that does not authenticate under its key and context. AWS gives no message.
  static AwsException invalidCiphertext() {
    return new AwsException("InvalidCiphertextException", "");
  }

  static AwsException incorrectKey() {
    return new AwsException(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.");
  }

  static AwsException invalidKeyUsage(String keyArn, String usage, String operation) {
    return new AwsException(
        "InvalidKeyUsageException",
        keyArn + " key usage is " + usage + " which is not valid for " + operation + ".");
  }

  static AwsException originNotValid(String keyArn, String origin) {
    return unsupported(keyArn + " origin is " + origin + " which is not valid for this operation.");
  }

  static AwsException keySpecNotValid(String keyArn, String keySpec) {
    return unsupported(
        keyArn + " key spec is " + keySpec + " which is not valid for this operation.");
  }

  static AwsException unsupported(String message) {
    return new AwsException("UnsupportedOperationException", message);
  }

  static AwsException aliasExists(String aliasArn) {
    return new AwsException(
        "AlreadyExistsException", "An alias with the name " + aliasArn + " already exists");
  }

  static AwsException validation(String message) {
    return new AwsException("ValidationException", message);
  }

  /// A member outside its constraint, in the form of the service's request validation.
  static AwsException constraint(String member, String constraint) {
    return validation(
        "1 validation error detected: Value at '"
            + member
            + "' failed to satisfy constraint: "
            + constraint);
  }

  static AwsException malformedPolicy(String message) {
    return new AwsException("MalformedPolicyDocumentException", message);
  }

  static AwsException dryRun() {
    return new AwsException(
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.");
  }

  static AwsException accessDenied(String message) {
    return new AwsException("AccessDeniedException", message);
  }

  static AwsException throttled() {
    return new AwsException(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your"
            + " calls.");
  }
}
