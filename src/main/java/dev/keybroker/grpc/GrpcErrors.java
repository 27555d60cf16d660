package dev.keybroker.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.keybroker.grpc.transport.UnreadableRequest;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.CheckResult;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.v1.KmsError;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Every status that leaves the service: one factory for each reason of `src/docs/errors.md`. The
/// texts name fields and resources; none quotes what a caller gave.
final class GrpcErrors {
  static final String DOMAIN = "keybroker.dev";

  /// How long to wait after an overload: the lane's queue is served within it.
  private static final Duration OVERLOAD_RETRY = Duration.ofMillis(100);

  /// How long to wait for a dependency to recover.
  private static final Duration OUTAGE_RETRY = Duration.ofSeconds(1);

  static final String RATE_LIMITED = "RATE_LIMITED";

  static final String IN_FLIGHT_LIMITED = "IN_FLIGHT_LIMITED";

  /// How a description begins that continues a sentence about its field.
  private static final Pattern PREDICATE =
      Pattern.compile("(is|has|must|does|begins|ends|contains|names) ");

  /// Clients accept 8 KiB of trailers. These bounds keep below that, as Base64 and with the text
  /// twice: once for itself, once in the details.
  private static final int LONGEST_HINT_IN_TEXT = 400;
  private static final int LONGEST_HINT = 1_300;
  private static final int LONGEST_AWS_MESSAGE = 500;

  private GrpcErrors() {}

  /// The reason of a status that was made here.
  static String reason(Status status) {
    try {
      return status.getDetails(0).unpack(ErrorInfo.class).getReason();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  static Status requestInvalid(List<BadRequest.FieldViolation> violations) {
    return requestInvalid(violations, violations.size());
  }

  /// The text names the first violation.
  ///
  /// @param violations the first ones, at most [FieldViolations#MOST]
  /// @param total how many there are
  static Status requestInvalid(List<BadRequest.FieldViolation> violations, int total) {
    return requestInvalid(
        text(violations.getFirst()) + (total > 1 ? "; " + (total - 1) + " more." : "."),
        violations);
  }

  private static String text(BadRequest.FieldViolation violation) {
    String description = violation.getDescription();
    if (violation.getField().isEmpty()) {
      return "The request is invalid: " + description;
    }
    String field = "`" + violation.getField() + "`";
    return PREDICATE.matcher(description).lookingAt()
        ? field + " " + description
        : field + ": " + description;
  }

  private static Status requestInvalid(String text, List<BadRequest.FieldViolation> violations) {
    return status(
        Code.INVALID_ARGUMENT,
        "REQUEST_INVALID",
        text,
        Map.of(),
        BadRequest.newBuilder().addAllFieldViolations(violations).build());
  }

  /// @param type the full name of the request's message
  static Status requestUnreadable(UnreadableRequest why, String type) {
    return switch (why) {
      case NOT_UTF8 -> notOfType(type, "a string in them is not UTF-8");
      case NOT_A_MESSAGE ->
          notOfType(type, "they are cut off, of another message, or in another encoding");
      case TOO_LARGE ->
          status(
              Code.RESOURCE_EXHAUSTED,
              "REQUEST_TOO_LARGE",
              "The request is larger than the broker's limit once it is decompressed.",
              Map.of());
    };
  }

  private static Status notOfType(String type, String why) {
    return ofTheRequest("The request's bytes are no " + type + ": " + why);
  }

  /// @param type the full name of the request's message
  static Status notOneMessage(String type) {
    return ofTheRequest("The call must have exactly one request, a " + type);
  }

  private static Status ofTheRequest(String description) {
    return requestInvalid(
        description + ".",
        List.of(BadRequest.FieldViolation.newBuilder().setDescription(description).build()));
  }

  static Status wrappedDekNotAuthentic() {
    return status(
        Code.INVALID_ARGUMENT,
        "WRAPPED_DEK_NOT_AUTHENTIC",
        "The wrapped DEK, the keystore and the encryption context do not belong together.",
        Map.of());
  }

  static Status credentialsMissing() {
    return status(
        Code.UNAUTHENTICATED,
        "CREDENTIALS_MISSING",
        "A client certificate or a bearer token is needed.",
        Map.of());
  }

  static Status certificateUnusable() {
    return status(
        Code.UNAUTHENTICATED,
        "CERTIFICATE_UNUSABLE",
        "The client certificate does not name one caller.",
        Map.of());
  }

  static Status tokenInvalid() {
    return status(
        Code.UNAUTHENTICATED, "TOKEN_INVALID", "The bearer token is not accepted.", Map.of());
  }

  static Status tokenExpired() {
    return status(Code.UNAUTHENTICATED, "TOKEN_EXPIRED", "The bearer token has expired.", Map.of());
  }

  static Status tooManyTokens() {
    return status(
        Code.UNAVAILABLE,
        "TOO_MANY_TOKENS",
        "Too many bearer tokens wait to be verified.",
        Map.of(),
        retryAfter(OVERLOAD_RETRY));
  }

  static Status tokenKeysUnavailable() {
    return status(
        Code.UNAVAILABLE,
        "TOKEN_KEYS_UNAVAILABLE",
        "The keys of the token's issuer cannot be had.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status permissionDenied() {
    return status(
        Code.PERMISSION_DENIED, "PERMISSION_DENIED", "The caller may not do this here.", Map.of());
  }

  static Status rateLimited(Duration delay) {
    return status(
        Code.RESOURCE_EXHAUSTED,
        RATE_LIMITED,
        "The caller or the tenant is above its rate.",
        Map.of(),
        retryAfter(delay));
  }

  static Status inFlightLimited(String limit) {
    return status(
        Code.RESOURCE_EXHAUSTED,
        IN_FLIGHT_LIMITED,
        switch (limit) {
          case "caller" -> "The caller has too many calls under way. Retry when some have ended.";
          case "connection" ->
              "Too many bytes are under way on this connection. Retry when some calls have ended.";
          default -> "Too many bytes are under way in this broker. Retry, better of another one.";
        },
        Map.of("limit", limit),
        retryAfter(OVERLOAD_RETRY));
  }

  static Status keystoreNotFound(KeystoreName keystore) {
    return status(
        Code.NOT_FOUND,
        "KEYSTORE_NOT_FOUND",
        "There is no keystore `" + keystore + "`.",
        Map.of("keystore", keystore.toString()),
        resource("keybroker.dev/Keystore", keystore.toString()));
  }

  static Status keystoreAlreadyExists(KeystoreName keystore) {
    return status(
        Code.ALREADY_EXISTS,
        "KEYSTORE_ALREADY_EXISTS",
        "The keystore `" + keystore + "` exists with another configuration.",
        Map.of("keystore", keystore.toString()),
        resource("keybroker.dev/Keystore", keystore.toString()));
  }

  static Status etagMismatch(KeystoreName keystore) {
    return status(
        Code.ABORTED,
        "ETAG_MISMATCH",
        "The keystore `" + keystore + "` changed since its etag was read.",
        Map.of("keystore", keystore.toString()));
  }

  static Status kekNotFound(@Nullable KekName kek) {
    if (kek == null) {
      return status(Code.NOT_FOUND, "KEK_NOT_FOUND", "There is no such KEK.", Map.of());
    }
    return status(
        Code.NOT_FOUND,
        "KEK_NOT_FOUND",
        "There is no KEK `" + kek + "`.",
        Map.of("kek", kek.toString()),
        resource("keybroker.dev/Kek", kek.toString()));
  }

  static Status keystoreTestFailed(KeystoreName keystore, CheckResult.Step step) {
    RootKeyError error = Objects.requireNonNull(step.error());
    return status(
        Code.FAILED_PRECONDITION,
        "KEYSTORE_TEST_FAILED",
        "The test of the keystore `%s` failed at the step `%s`: %s"
            .formatted(keystore, step.kind().id(), cut(error.hint(), LONGEST_HINT_IN_TEXT)),
        Map.of("keystore", keystore.toString()),
        PreconditionFailure.newBuilder()
            .addViolations(
                PreconditionFailure.Violation.newBuilder()
                    .setType(step.kind().id())
                    .setSubject(keystore.toString())
                    .setDescription(cut(error.hint(), LONGEST_HINT)))
            .build(),
        detail(error));
  }

  /// A failure of the root key, told to the keystore's administrator.
  static Status explained(Status status, RootKeyError error) {
    return status.toBuilder()
        .setMessage(
            "%s `%s` failed: %s"
                .formatted(
                    status.getMessage(), error.action(), cut(error.hint(), LONGEST_HINT_IN_TEXT)))
        .addDetails(Any.pack(detail(error)))
        .build();
  }

  private static KmsError detail(RootKeyError error) {
    return KeystoreMapping.error(error).toBuilder()
        .setMessage(cut(error.message(), LONGEST_AWS_MESSAGE))
        .setHint(cut(error.hint(), LONGEST_HINT))
        .build();
  }

  /// Between two words, with an ellipsis.
  private static String cut(String text, int longest) {
    if (text.length() <= longest) {
      return text;
    }
    int space = text.lastIndexOf(' ', longest);
    return text.substring(0, space > 0 ? space : longest) + " ...";
  }

  static Status kekActive(KekName kek) {
    return status(
        Code.FAILED_PRECONDITION,
        "KEK_ACTIVE",
        "The KEK `" + kek + "` is ACTIVE: it can be neither disabled nor destroyed; rotate first.",
        Map.of("kek", kek.toString()));
  }

  static Status keystoreHasNoActiveKek(KeystoreName keystore) {
    return status(
        Code.FAILED_PRECONDITION,
        "KEYSTORE_HAS_NO_ACTIVE_KEK",
        "The keystore `" + keystore + "` has no active KEK yet.",
        Map.of("keystore", keystore.toString()));
  }

  /// @param destroyTime when its private key will be erased; null where that is not scheduled
  static Status kekDisabled(KekName kek, @Nullable Instant destroyTime) {
    return destroyTime == null
        ? status(
            Code.FAILED_PRECONDITION,
            "KEK_DISABLED",
            "The KEK `" + kek + "` is disabled.",
            Map.of("kek", kek.toString()))
        : status(
            Code.FAILED_PRECONDITION,
            "KEK_DISABLED",
            "The private key of the KEK `%s` will be erased at %s; RestoreKek prevents that."
                .formatted(kek, destroyTime),
            Map.of("kek", kek.toString(), "destroy_time", destroyTime.toString()));
  }

  static Status kekDestroyed(KekName kek) {
    return status(
        Code.FAILED_PRECONDITION,
        "KEK_DESTROYED",
        "The private key of the KEK `" + kek + "` is erased.",
        Map.of("kek", kek.toString()));
  }

  static Status kekStateInvalid(KekName kek, KekState state) {
    return status(
        Code.FAILED_PRECONDITION,
        "KEK_STATE_INVALID",
        "The KEK `" + kek + "` is " + state + ", which does not allow this.",
        Map.of("kek", kek.toString(), "state", state.name()));
  }

  static Status clockSkew() {
    return status(
        Code.FAILED_PRECONDITION,
        "CLOCK_SKEW",
        "The clocks of this broker and of PostgreSQL differ by more than a minute, so no"
            + " destruction is scheduled. The operator of the broker corrects the clock that is"
            + " wrong.",
        Map.of());
  }

  static Status kmsKeyDisabled() {
    return status(
        Code.FAILED_PRECONDITION,
        "KMS_KEY_DISABLED",
        "The root key is disabled in AWS KMS.",
        Map.of());
  }

  static Status kmsKeyPendingDeletion() {
    return status(
        Code.FAILED_PRECONDITION,
        "KMS_KEY_PENDING_DELETION",
        "The root key awaits its deletion in AWS KMS.",
        Map.of());
  }

  static Status kmsKeyUnavailable() {
    return status(
        Code.FAILED_PRECONDITION,
        "KMS_KEY_UNAVAILABLE",
        "The root key has no key material, or its custom key store is disconnected. Its owner"
            + " imports the material, or reconnects the key store.",
        Map.of());
  }

  static Status kmsKeyNotFound() {
    return status(
        Code.FAILED_PRECONDITION,
        "KMS_KEY_NOT_FOUND",
        "The root key does not exist in AWS KMS.",
        Map.of());
  }

  static Status kmsAccessDenied() {
    return status(
        Code.FAILED_PRECONDITION,
        "KMS_ACCESS_DENIED",
        "The root key's owner does not admit the broker.",
        Map.of());
  }

  static Status kmsKeyUnusable() {
    return status(
        Code.FAILED_PRECONDITION, "KMS_KEY_UNUSABLE", "AWS KMS refused the root key.", Map.of());
  }

  static Status kmsUnreachable() {
    return status(
        Code.UNAVAILABLE,
        "KMS_UNREACHABLE",
        "AWS KMS did not answer.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status kmsThrottled() {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "KMS_THROTTLED",
        "AWS KMS asked to slow down.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status rootKeyBusy() {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "ROOT_KEY_BUSY",
        "The broker has as many calls of this root key under way as it allows. Try again.",
        Map.of(),
        retryAfter(OVERLOAD_RETRY));
  }

  static Status storeUnavailable() {
    return status(
        Code.UNAVAILABLE,
        "STORE_UNAVAILABLE",
        "The key store does not answer.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status auditUnavailable() {
    return status(
        Code.UNAVAILABLE,
        "AUDIT_UNAVAILABLE",
        "The audit record cannot be committed; nothing was released.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status privateKekExpired() {
    return status(
        Code.UNAVAILABLE,
        "PRIVATE_KEK_EXPIRED",
        "The private KEK reached its lifetime before the answer could be released; nothing was"
            + " released. Retry.",
        Map.of(),
        retryAfter(OVERLOAD_RETRY));
  }

  static Status keyPairsOverloaded(Duration delay) {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "KEY_PAIRS_OVERLOADED",
        "Too many key pairs wait to be generated. Retry.",
        Map.of(),
        retryAfter(delay));
  }

  static Status auditQueryBusy() {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "AUDIT_QUERY_BUSY",
        "Another audit query of this caller is under way; one runs at a time.",
        Map.of(),
        retryAfter(OUTAGE_RETRY));
  }

  static Status auditQueryTooLarge() {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "AUDIT_QUERY_TOO_LARGE",
        "The audit query took too long; ask for less time with start_time and end_time.",
        Map.of());
  }

  static Status unwrapOverloaded() {
    return status(
        Code.RESOURCE_EXHAUSTED,
        "UNWRAP_OVERLOADED",
        "Too many private-key operations at once.",
        Map.of(),
        retryAfter(OVERLOAD_RETRY));
  }

  static Status internal() {
    return status(Code.INTERNAL, "INTERNAL", "A fault of the broker.", Map.of());
  }

  private static ResourceInfo resource(String type, String name) {
    return ResourceInfo.newBuilder().setResourceType(type).setResourceName(name).build();
  }

  private static RetryInfo retryAfter(Duration delay) {
    return RetryInfo.newBuilder().setRetryDelay(Durations.fromNanos(delay.toNanos())).build();
  }

  private static Status status(
      Code code, String reason, String text, Map<String, String> metadata, Message... details) {
    Status.Builder status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(text)
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(reason)
                        .setDomain(DOMAIN)
                        .putAllMetadata(metadata)
                        .build()));
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return status.build();
  }
}
