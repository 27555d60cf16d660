package dev.keybroker.audit.aws;

import dev.keybroker.audit.DeliveryFailure;
import dev.keybroker.audit.DeliveryFailure.Cause;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsFailure;
import org.jspecify.annotations.Nullable;

/// Explains what to change in AWS if a put to the stream fails.
final class StreamFailures {
  private final StreamArn stream;
  private final String principal;
  private final String findKey;

  /// @param role null if the broker calls as its usual principal
  StreamFailures(StreamArn stream, @Nullable AssumedRole role) {
    this.stream = stream;
    this.principal = role == null ? "the broker's own principal" : "the role " + role.roleArn();
    this.findKey =
        " The stream's key: "
            + "aws kinesis describe-stream-summary --stream-arn %s --region %s"
                .formatted(stream, stream.region())
            + " --query StreamDescriptionSummary.KeyId.";
  }

  DeliveryFailure of(KmsFailure failure) {
    Cause cause = cause(failure);
    String id = failure.requestId() == null ? "" : " (request " + failure.requestId() + ")";
    return new DeliveryFailure(
        cause,
        failure.action() + " " + failure.code() + ": " + failure.detail() + id,
        hint(cause, failure));
  }

  /// Kinesis passes the refusals of KMS on under names of its own.
  private static Cause cause(KmsFailure failure) {
    return switch (failure.code()) {
      case "KMSAccessDeniedException" -> Cause.KEY_ACCESS_DENIED;
      case "KMSDisabledException" -> Cause.KEY_DISABLED;
      case "KMSNotFoundException" -> Cause.KEY_NOT_FOUND;
      case "KMSOptInRequired" -> Cause.KMS_NOT_ACTIVE;
      case "KMSThrottlingException" -> Cause.KMS_THROTTLED;
      case "ProvisionedThroughputExceededException" -> Cause.THROTTLED;
      case "ResourceNotFoundException" -> Cause.STREAM_NOT_FOUND;
      case "AccessDeniedException" ->
          failure.action().startsWith("sts:") ? Cause.CREDENTIALS : Cause.ACCESS_DENIED;
      case "CredentialsUnavailable", "ExpiredTokenException", "ExpiredToken", "RequestExpired" ->
          Cause.CREDENTIALS;
      default ->
          switch (failure.kind()) {
            case ACCESS_DENIED -> Cause.CREDENTIALS;
            case KEY_PENDING_DELETION -> Cause.KEY_PENDING_DELETION;
            case KEY_UNAVAILABLE -> Cause.KEY_UNAVAILABLE;
            case THROTTLED, TOO_MANY_CALLS -> Cause.THROTTLED;
            case UNREACHABLE -> Cause.UNREACHABLE;
            case KEY_DISABLED, KEY_NOT_FOUND, KEY_UNUSABLE, CIPHERTEXT_REFUSED -> Cause.REFUSED;
          };
    };
  }

  private String hint(Cause cause, KmsFailure failure) {
    return switch (cause) {
      case ACCESS_DENIED ->
          """
          Allow kinesis:PutRecord on %s to %s; a stream of another account also needs \
          a resource policy that does.\
          """
              .formatted(stream, principal);
      case CREDENTIALS ->
          failure.action().startsWith("sts:")
              ? """
              The broker may not assume keybroker.audit.kinesis.role-arn. Its \
              trust policy needs the broker's principal with sts:AssumeRole and \
              the sts:ExternalId of keybroker.audit.kinesis.external-id, and the \
              broker's principal needs sts:AssumeRole on the role.\
              """
              : """
              AWS does not accept the broker's own credentials. Check them, and \
              the broker's clock.\
              """;
      case KEY_ACCESS_DENIED ->
          """
          The stream is encrypted, and its key does not admit %s. The key policy must \
          allow kms:GenerateDataKey and kms:Decrypt to it; with conditions, \
          kms:ViaService is kinesis.%s.amazonaws.com and \
          kms:EncryptionContext:aws:kinesis:arn is %s. If the key is in another \
          account, the principal's own policy must allow both, too. A key that AWS \
          manages (alias/aws/kinesis) admits no other account.\
          """
                  .formatted(principal, stream.region(), stream)
              + findKey;
      case KEY_DISABLED ->
          """
          The stream's key is disabled. Enable it with aws kms enable-key, or encrypt \
          the stream under another key with aws kinesis start-stream-encryption.\
          """
              + findKey;
      case KEY_PENDING_DELETION ->
          """
          The stream's key is pending deletion. Cancel that with aws kms \
          cancel-key-deletion and enable the key; once it is deleted, what the stream \
          holds under it is lost.\
          """
              + findKey;
      case KEY_UNAVAILABLE ->
          """
          The state of the stream's key does not allow its use. Wait until aws kms \
          describe-key shows KeyState Enabled; a key without material needs its \
          material again, and one in a custom key store needs the store connected.\
          """
              + findKey;
      case KEY_NOT_FOUND ->
          """
          The stream's key no longer exists. Encrypt the stream under another key with \
          aws kinesis start-stream-encryption.\
          """
              + findKey;
      case KMS_NOT_ACTIVE ->
          """
          KMS is not active for the account of the caller, %s, in %s. Activate the \
          region in the account's settings.\
          """
              .formatted(principal, stream.region());
      case KMS_THROTTLED ->
          """
          KMS limits the rate of calls for the stream's key; the broker retries. If \
          this continues, check the request quotas of KMS in Service Quotas.\
          """
              + findKey;
      case STREAM_NOT_FOUND ->
          """
          There is no stream %s. Check keybroker.audit.kinesis.stream-arn: name, \
          account and region.\
          """
              .formatted(stream);
      case THROTTLED ->
          """
          The stream takes no more at the moment; the broker retries. If this \
          continues, give the stream more shards (each takes 1 MiB a second), or use \
          on-demand capacity.\
          """;
      case UNREACHABLE ->
          """
          Kinesis gave no usable answer in %s; the broker retries. If this continues, \
          check the AWS Health Dashboard, and whether the broker reaches \
          %s.data-kinesis.%s.amazonaws.com.\
          """
              .formatted(stream.region(), stream.account(), stream.region());
      case REFUSED, STORE ->
          """
          Kinesis refuses the request. Check keybroker.audit.kinesis.stream-arn and \
          the state of the stream with aws kinesis describe-stream-summary \
          --stream-arn %s --region %s.\
          """
              .formatted(stream, stream.region());
    };
  }
}
