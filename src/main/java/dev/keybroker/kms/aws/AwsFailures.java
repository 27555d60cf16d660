package dev.keybroker.kms.aws;

import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.kms.KmsKeyState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.DateTimeException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import javax.net.ssl.SSLException;
import javax.xml.stream.XMLStreamException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;

/// Translates the exceptions of the AWS SDK to [KmsFailure].
///
/// Answers of AWS keep their code, message and request id. Failures without an answer get a code
/// and a fixed text from the broker, because an exception of the SDK may quote what it could not
/// read.
final class AwsFailures {
  private static final int LONGEST_DETAIL = 1_024;

  private AwsFailures() {}

  /// For [java.util.concurrent.CompletableFuture#handle]: passes the result on, or throws the
  /// failure.
  static <T> BiFunction<T, @Nullable Throwable, T> orFailure(String action) {
    return (result, trouble) -> {
      if (trouble != null) {
        throw new CompletionException(of(action, trouble));
      }
      return result;
    };
  }

  /// @param action the call that failed; a wrapped [KmsFailure] keeps its own action
  static KmsFailure of(String action, Throwable trouble) {
    Throwable cause = trouble;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (cause) {
      case KmsFailure known -> known;
      case AwsServiceException answer -> answered(action, answer);
      default -> unanswered(action, cause);
    };
  }

  static KmsFailure credentialsUnavailable(String action, Throwable trouble) {
    String detail =
        trouble instanceof TimeoutException
            ? "the broker's own AWS credentials did not come in time"
            : "the broker has no AWS credentials";
    return new KmsFailure(Kind.UNREACHABLE, action, "CredentialsUnavailable", detail, null);
  }

  /// Whether AWS reports that a call with `DryRun` would have succeeded without it.
  static boolean isDryRun(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.code().equals("DryRunOperationException");
  }

  /// Whether KMS refuses the token of a grant: there is no such grant, or it was retired or
  /// revoked.
  static boolean isInvalidGrantToken(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.code().equals("InvalidGrantTokenException");
  }

  /// Whether AWS reports that the credentials of a call have expired.
  static boolean isExpiredToken(KmsFailure failure) {
    return switch (failure.code()) {
      case "ExpiredTokenException", "ExpiredToken" -> true;
      default -> false;
    };
  }

  /// Whether a KMS call failed because its region does not answer or has an internal error, so that
  /// another region may be able to serve it.
  static boolean isOutage(KmsFailure failure) {
    return failure.kind() == Kind.UNREACHABLE
        && failure.action().startsWith("kms:")
        && switch (failure.code()) {
          // Caused by the broker itself or by a custom key store.
          case "Cancelled",
              "CredentialsUnavailable",
              "RequestExpired",
              "KMSInvalidStateException" ->
              false;
          default -> !isExpiredToken(failure);
        };
  }

  private static KmsFailure answered(String action, AwsServiceException answer) {
    AwsErrorDetails details = answer.awsErrorDetails();
    String code = details == null ? null : details.errorCode();
    String requestId = requestId(answer.requestId());
    if (code == null || code.isEmpty()) {
      // The answer does not have AWS's form; it may come from a proxy in between.
      return answer.statusCode() >= 500
          ? new KmsFailure(
              Kind.UNREACHABLE, action, "Http" + answer.statusCode(), "no error code", requestId)
          : malformed(action, requestId);
    }
    String message = details.errorMessage() == null ? "" : details.errorMessage();
    return new KmsFailure(
        kind(code, message, answer.statusCode()),
        action,
        printable(code, 128),
        printable(message, LONGEST_DETAIL),
        requestId);
  }

  private static Kind kind(String code, String message, int status) {
    return switch (code) {
      case "AccessDeniedException",
          "AccessDenied",
          "NotAuthorized",
          "OptInRequired",
          "RegionDisabledException",
          "UnrecognizedClientException",
          "InvalidClientTokenId",
          "InvalidSignatureException",
          "SignatureDoesNotMatch",
          "IncompleteSignature",
          "MissingAuthenticationToken",
          "MissingAuthenticationTokenException",
          "InvalidGrantTokenException",
          "InvalidGrantIdException",
          // From STS: it does not accept the role ARN, external id or duration.
          "ValidationError" ->
          Kind.ACCESS_DENIED;
      case "DisabledException" -> Kind.KEY_DISABLED;
      case "KMSInvalidStateException" -> invalidState(message);
      case "CustomKeyStoreInvalidStateException" -> Kind.KEY_UNAVAILABLE;
      case "NotFoundException", "InvalidArnException" -> Kind.KEY_NOT_FOUND;
      case "InvalidKeyUsageException", "UnsupportedOperationException", "ValidationException" ->
          Kind.KEY_UNUSABLE;
      case "InvalidCiphertextException", "IncorrectKeyException" -> Kind.CIPHERTEXT_REFUSED;
      case "Throttling",
          "ThrottlingException",
          "ThrottledException",
          "LimitExceededException",
          "RequestLimitExceeded",
          "TooManyRequestsException" ->
          Kind.THROTTLED;
      case "KMSInternalException",
          "KeyUnavailableException",
          "DependencyTimeoutException",
          // The broker's own clock or credentials, which may be right again at the next call.
          "ExpiredTokenException",
          "ExpiredToken",
          "RequestExpired" ->
          Kind.UNREACHABLE;
      default -> {
        if (status >= 500) {
          yield Kind.UNREACHABLE;
        }
        yield status == 429 ? Kind.THROTTLED : Kind.KEY_UNUSABLE;
      }
    };
  }

  /// KMS has one code for every state of a key that refuses the call and for all trouble with an
  /// external key store. Only the message distinguishes them. A failure is retryable if KMS itself
  /// recommends another try. The rest are states that the key's owner has caused and that only the
  /// owner can end: a pending deletion or import, or a disconnected custom key store.
  private static Kind invalidState(String message) {
    String text = message.toLowerCase(Locale.ROOT);
    if (text.contains("reduce the frequency") || text.contains("throttl")) {
      return Kind.THROTTLED;
    }
    if (text.contains("retry the request")
        || text.contains("cannot communicate")
        || text.contains("did not respond")
        || text.contains("timed out")) {
      return Kind.UNREACHABLE;
    }
    return switch (KmsKeyState.in(message)) {
      case PENDING_DELETION, PENDING_REPLICA_DELETION -> Kind.KEY_PENDING_DELETION;
      default -> Kind.KEY_UNAVAILABLE;
    };
  }

  private static KmsFailure unanswered(String action, Throwable trouble) {
    if (has(trouble, MalformedResponseException.class) || isUnreadable(trouble)) {
      return malformed(action, null);
    }
    if (has(trouble, ApiCallTimeoutException.class)
        || has(trouble, ApiCallAttemptTimeoutException.class)
        || has(trouble, TimeoutException.class)) {
      return unreachable(action, "Timeout", "no answer in time");
    }
    if (has(trouble, CancellationException.class)) {
      return unreachable(action, "Cancelled", "given up by the caller");
    }
    if (has(trouble, UnknownHostException.class)) {
      return unreachable(action, "UnknownHost", "the endpoint's name does not resolve");
    }
    if (has(trouble, ConnectException.class)) {
      return unreachable(action, "ConnectFailed", "no connection to the endpoint");
    }
    if (has(trouble, SSLException.class)) {
      return unreachable(action, "TlsFailed", "no TLS connection to the endpoint");
    }
    if (has(trouble, IOException.class)) {
      return unreachable(action, "ConnectionLost", "the connection ended before the answer");
    }
    return unreachable(action, "ClientError", "no answer, for " + trouble.getClass().getName());
  }

  /// Whether the SDK's parsers of JSON, XML, Base64 or times throw this.
  private static boolean isUnreadable(Throwable trouble) {
    return has(trouble, UncheckedIOException.class)
        || has(trouble, XMLStreamException.class)
        || has(trouble, IllegalArgumentException.class)
        || has(trouble, DateTimeException.class);
  }

  private static KmsFailure malformed(String action, @Nullable String requestId) {
    return new KmsFailure(
        Kind.UNREACHABLE,
        action,
        "MalformedResponse",
        "the answer is not in the form of AWS",
        requestId);
  }

  private static KmsFailure unreachable(String action, String code, String detail) {
    return new KmsFailure(Kind.UNREACHABLE, action, code, detail, null);
  }

  private static boolean has(Throwable trouble, Class<? extends Throwable> type) {
    int depth = 0;
    for (Throwable it = trouble; it != null && depth < 16; it = it.getCause()) {
      if (type.isInstance(it)) {
        return true;
      }
      depth++;
    }
    return false;
  }

  /// Returns null if there is no request id, which the SDK reports as `UNKNOWN`.
  static @Nullable String requestId(@Nullable String requestId) {
    return requestId == null || requestId.equals("UNKNOWN") ? null : requestId;
  }

  private static String printable(String text, int longest) {
    String cut = text.length() > longest ? text.substring(0, longest) : text;
    return cut.replaceAll("\\p{Cntrl}", " ");
  }
}
