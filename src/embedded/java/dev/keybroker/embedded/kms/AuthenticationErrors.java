package dev.keybroker.embedded.kms;

/// The refusals of a request's credentials, which the protocols of AWS name differently.
enum AuthenticationErrors {
  /// KMS.
  JSON(
      "UnrecognizedClientException",
      "ExpiredTokenException",
      "InvalidSignatureException",
      "MissingAuthenticationTokenException",
      400),
  /// STS and IAM.
  QUERY(
      "InvalidClientTokenId",
      "ExpiredToken",
      "SignatureDoesNotMatch",
      "MissingAuthenticationToken",
      403);

  private final String unknownClient;
  private final String expired;
  private final String wrongSignature;
  private final String missing;
  private final int status;

  AuthenticationErrors(
      String unknownClient, String expired, String wrongSignature, String missing, int status) {
    this.unknownClient = unknownClient;
    this.expired = expired;
    this.wrongSignature = wrongSignature;
    this.missing = missing;
    this.status = status;
  }

  static AuthenticationErrors of(String service) {
    return service.equals("kms") ? JSON : QUERY;
  }

  AwsException unknownClient() {
    return new AwsException(
        unknownClient, status, "The security token included in the request is invalid.");
  }

  AwsException expired() {
    return new AwsException(
        expired, status, "The security token included in the request is expired");
  }

  AwsException wrongSignature() {
    return new AwsException(
        wrongSignature,
        status,
        "The request signature we calculated does not match the signature you provided. Check your"
            + " AWS Secret Access Key and signing method. Consult the service documentation for"
            + " details.");
  }

  AwsException skewed(String message) {
    return new AwsException(wrongSignature, status, message);
  }

  AwsException missing() {
    return new AwsException(missing, status, "Missing Authentication Token");
  }
}
