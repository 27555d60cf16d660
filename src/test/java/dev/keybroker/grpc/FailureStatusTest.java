package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.audit.AuditFailure;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.CheckResult;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.v1.KmsError;
import dev.keybroker.v1.WrapDekRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class FailureStatusTest {
  private static final Path PAGE = Path.of("src/docs/errors.md");
  private static final String TABLE =
      "| Code | Reason | Meaning | Retry | Details besides ErrorInfo |\n"
          + "| --- | --- | --- | --- | --- |\n";
  private static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");
  private static final KekName KEK = new KekName(KEYSTORE, UUID.randomUUID());
  private static final String SECRET = "what AWS said";
  private static final CheckResult.Step FAILED_STEP =
      CheckResult.Step.failed(
          CheckResult.Kind.DESCRIBE_KEY,
          Duration.ofMillis(3),
          new RootKeyError("Denied", "kms:Encrypt", SECRET, "hint", null, Instant.EPOCH),
          null);

  /// @param details the types of what comes after the ErrorInfo
  private record Row(Throwable failure, Code code, String reason, List<String> details) {
    Row(Throwable failure, Code code, String reason, String... details) {
      this(failure, code, reason, List.of(details));
    }

    @Override
    public String toString() {
      return failure.getClass().getSimpleName() + " → " + reason;
    }
  }

  static Stream<Row> rows() {
    return Stream.of(
        new Row(
            new RequestInvalid("field", "rule"),
            Code.INVALID_ARGUMENT,
            "REQUEST_INVALID",
            "BadRequest"),
        new Row(
            new AuthenticationFailure.CredentialsMissing(),
            Code.UNAUTHENTICATED,
            "CREDENTIALS_MISSING"),
        new Row(
            new AuthenticationFailure.CertificateUnusable("two names"),
            Code.UNAUTHENTICATED,
            "CERTIFICATE_UNUSABLE"),
        new Row(new AuthenticationFailure.TokenInvalid(), Code.UNAUTHENTICATED, "TOKEN_INVALID"),
        new Row(new AuthenticationFailure.TokenExpired(), Code.UNAUTHENTICATED, "TOKEN_EXPIRED"),
        new Row(
            new AuthenticationFailure.TooManyTokens(),
            Code.UNAVAILABLE,
            "TOO_MANY_TOKENS",
            "RetryInfo"),
        new Row(
            new AuthenticationFailure.KeysUnavailable(),
            Code.UNAVAILABLE,
            "TOKEN_KEYS_UNAVAILABLE",
            "RetryInfo"),
        new Row(
            new AuditFailure.NotCommitted(), Code.UNAVAILABLE, "AUDIT_UNAVAILABLE", "RetryInfo"),
        new Row(new AccessFailure.Denied(), Code.PERMISSION_DENIED, "PERMISSION_DENIED"),
        new Row(
            new AccessFailure.RateLimited(Duration.ofMillis(3)),
            Code.RESOURCE_EXHAUSTED,
            "RATE_LIMITED",
            "RetryInfo"),
        new Row(new DekFailure.NotAuthentic(), Code.INVALID_ARGUMENT, "WRAPPED_DEK_NOT_AUTHENTIC"),
        new Row(
            new DekFailure.Overloaded(), Code.RESOURCE_EXHAUSTED, "UNWRAP_OVERLOADED", "RetryInfo"),
        new Row(
            new KeystoreFailure.KeyPairsOverloaded(Duration.ofSeconds(5)),
            Code.RESOURCE_EXHAUSTED,
            "KEY_PAIRS_OVERLOADED",
            "RetryInfo"),
        new Row(
            new KeystoreFailure.TestsLimited(Duration.ofMillis(700)),
            Code.RESOURCE_EXHAUSTED,
            "RATE_LIMITED",
            "RetryInfo"),
        new Row(
            new AccessFailure.InFlightLimited("caller"),
            Code.RESOURCE_EXHAUSTED,
            "IN_FLIGHT_LIMITED",
            "RetryInfo"),
        new Row(new DekFailure.Expired(), Code.UNAVAILABLE, "PRIVATE_KEK_EXPIRED", "RetryInfo"),
        new Row(
            new KekFailure.UnknownKeystore(KEYSTORE),
            Code.NOT_FOUND,
            "KEYSTORE_NOT_FOUND",
            "ResourceInfo"),
        new Row(
            new KekFailure.NoActiveKek(KEYSTORE),
            Code.FAILED_PRECONDITION,
            "KEYSTORE_HAS_NO_ACTIVE_KEK"),
        new Row(new KekFailure.Disabled(KEK), Code.FAILED_PRECONDITION, "KEK_DISABLED"),
        new Row(new KekFailure.Destroyed(KEK), Code.FAILED_PRECONDITION, "KEK_DESTROYED"),
        new Row(
            new KekFailure.StateInvalid(KEK, KekState.RETIRED),
            Code.FAILED_PRECONDITION,
            "KEK_STATE_INVALID"),
        new Row(new KekFailure.ClockSkew(), Code.FAILED_PRECONDITION, "CLOCK_SKEW"),
        new Row(
            new KekFailure.StoreUnavailable(), Code.UNAVAILABLE, "STORE_UNAVAILABLE", "RetryInfo"),
        new Row(
            new KeystoreFailure.AlreadyExists(KEYSTORE),
            Code.ALREADY_EXISTS,
            "KEYSTORE_ALREADY_EXISTS",
            "ResourceInfo"),
        new Row(new AuditFailure.Busy(), Code.RESOURCE_EXHAUSTED, "AUDIT_QUERY_BUSY", "RetryInfo"),
        new Row(new AuditFailure.TooLarge(), Code.RESOURCE_EXHAUSTED, "AUDIT_QUERY_TOO_LARGE"),
        new Row(new KeystoreFailure.Changed(KEYSTORE), Code.ABORTED, "ETAG_MISMATCH"),
        new Row(
            new KeystoreFailure.Deleted(KEYSTORE),
            Code.ALREADY_EXISTS,
            "KEYSTORE_DELETED",
            "ResourceInfo"),
        new Row(
            new KeystoreFailure.DeleteScheduled(KEYSTORE, Instant.EPOCH),
            Code.FAILED_PRECONDITION,
            "KEYSTORE_DELETE_SCHEDULED"),
        new Row(
            new KeystoreFailure.HasKeks(KEYSTORE), Code.FAILED_PRECONDITION, "KEYSTORE_HAS_KEKS"),
        new Row(
            new KeystoreFailure.KekInUse(KEK, Instant.EPOCH),
            Code.FAILED_PRECONDITION,
            "KEK_IN_USE"),
        new Row(new KeystoreFailure.KekInUse(KEK, null), Code.FAILED_PRECONDITION, "KEK_IN_USE"),
        new Row(
            new KeystoreFailure.CheckFailed(KEYSTORE, FAILED_STEP),
            Code.FAILED_PRECONDITION,
            "KEYSTORE_TEST_FAILED",
            "PreconditionFailure",
            "type.googleapis.com/keybroker.v1.KmsError"),
        new Row(
            new KeystoreFailure.KeyInOwnAccount(),
            Code.INVALID_ARGUMENT,
            "REQUEST_INVALID",
            "BadRequest"),
        new Row(new KeystoreFailure.KekActive(KEK), Code.FAILED_PRECONDITION, "KEK_ACTIVE"),
        new Row(new KekFailure.UnknownKek(KEK), Code.NOT_FOUND, "KEK_NOT_FOUND", "ResourceInfo"),
        kms(KmsFailure.Kind.ACCESS_DENIED, "KMS_ACCESS_DENIED"),
        kms(KmsFailure.Kind.KEY_DISABLED, "KMS_KEY_DISABLED"),
        kms(KmsFailure.Kind.KEY_PENDING_DELETION, "KMS_KEY_PENDING_DELETION"),
        kms(KmsFailure.Kind.KEY_UNAVAILABLE, "KMS_KEY_UNAVAILABLE"),
        kms(KmsFailure.Kind.KEY_NOT_FOUND, "KMS_KEY_NOT_FOUND"),
        kms(KmsFailure.Kind.KEY_UNUSABLE, "KMS_KEY_UNUSABLE"),
        kms(KmsFailure.Kind.CIPHERTEXT_REFUSED, "KMS_KEY_UNUSABLE"),
        new Row(
            failure(KmsFailure.Kind.THROTTLED),
            Code.RESOURCE_EXHAUSTED,
            "KMS_THROTTLED",
            "RetryInfo"),
        new Row(
            failure(KmsFailure.Kind.TOO_MANY_CALLS),
            Code.RESOURCE_EXHAUSTED,
            "ROOT_KEY_BUSY",
            "RetryInfo"),
        new Row(
            failure(KmsFailure.Kind.UNREACHABLE), Code.UNAVAILABLE, "KMS_UNREACHABLE", "RetryInfo"),
        new Row(new IllegalStateException(SECRET), Code.INTERNAL, "INTERNAL"));
  }

  private static Row kms(KmsFailure.Kind kind, String reason) {
    return new Row(failure(kind), Code.FAILED_PRECONDITION, reason);
  }

  private static KmsFailure failure(KmsFailure.Kind kind) {
    return new KmsFailure(kind, "kms:Decrypt", "SomeException", SECRET, "request-id");
  }

  @ParameterizedTest
  @MethodSource("rows")
  void failure_hasItsCodeReasonAndDetails(Row row) throws InvalidProtocolBufferException {
    Status status = status(row.failure());

    ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
    assertEquals(row.code().getNumber(), status.getCode());
    assertEquals(row.reason(), info.getReason());
    assertEquals("keybroker.dev", info.getDomain());
    assertEquals(
        row.details(),
        status.getDetailsList().stream().skip(1).map(FailureStatusTest::typeName).toList());
  }

  private static Status status(Throwable failure) {
    return FailureStatus.of(failure).toProto();
  }

  private static String typeName(Any detail) {
    return detail.getTypeUrl().replaceFirst("type.googleapis.com/google.rpc.", "");
  }

  @Test
  void tableOfReasons_isWhatTheCodeSays() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(TABLE) + TABLE.length();
    int end = page.indexOf("\n\n", begin) + 1;
    String rows =
        Stream.of(Reason.values()).map(reason -> reason.row() + "\n").collect(Collectors.joining());

    if (System.getProperty("update-docs") != null) {
      Files.writeString(PAGE, page.substring(0, begin) + rows + page.substring(end));
    } else {
      assertEquals(
          rows,
          page.substring(begin, end),
          "run ./mvnw test -Dtest=FailureStatusTest -Dupdate-docs");
    }
  }

  @Test
  void everyReason_isThatOfAFailureOrOfARequest() {
    Set<String> used = rows().map(Row::reason).collect(Collectors.toSet());
    used.add(Reason.REQUEST_TOO_LARGE.name());
    assertEquals(Stream.of(Reason.values()).map(Enum::name).collect(Collectors.toSet()), used);
  }

  static Stream<Row> rowsOfTheDataPlane() {
    return rows().filter(row -> !(row.failure() instanceof KeystoreFailure.CheckFailed));
  }

  @ParameterizedTest
  @MethodSource("rowsOfTheDataPlane")
  void answer_tellsNothingOfTheCause(Row row) {
    String answer = status(row.failure()).toString();

    for (String inner : List.of(SECRET, "SomeException", "request-id", "kms:Decrypt")) {
      assertFalse(answer.contains(inner), inner);
    }
  }

  @ParameterizedTest
  @EnumSource
  void kmsFailure_ofEachKind_isInTheTable(KmsFailure.Kind kind) {
    assertTrue(
        rows().anyMatch(row -> row.failure() instanceof KmsFailure kms && kms.kind() == kind));
  }

  @Test
  void dekFailure_ofEachKind_isInTheTable() {
    assertEquals(
        Set.of(DekFailure.class.getPermittedSubclasses()),
        rows()
            .map(row -> row.failure().getClass())
            .filter(DekFailure.class::isAssignableFrom)
            .collect(Collectors.toSet()));
  }

  @Test
  void failedStep_isToldWithItsHint_andWhatAwsSaid() throws InvalidProtocolBufferException {
    Status status = status(new KeystoreFailure.CheckFailed(KEYSTORE, FAILED_STEP));

    assertEquals(
        "The test of the keystore `tenants/acme/keystores/calls` failed at the step `describe_key`:"
            + " hint",
        status.getMessage());
    KmsError error = status.getDetails(2).unpack(KmsError.class);
    assertEquals("Denied", error.getCode());
    assertEquals("kms:Encrypt", error.getAction());
    assertEquals(SECRET, error.getMessage());
    assertEquals("hint", error.getHint());
  }

  @ParameterizedTest
  @EnumSource
  void kmsFailure_explained_keepsItsReason_andTellsWhatAwsSaid(KmsFailure.Kind kind)
      throws InvalidProtocolBufferException {
    Status plain = status(failure(kind));
    Status explained =
        status(failure(kind).explained(new KmsFailure.Explanation("Mend it.", Instant.EPOCH)));

    assertEquals(plain.getCode(), explained.getCode());
    assertEquals(plain.getDetails(0), explained.getDetails(0));
    assertEquals(plain.getMessage() + " `kms:Decrypt` failed: Mend it.", explained.getMessage());
    KmsError error = explained.getDetails(explained.getDetailsCount() - 1).unpack(KmsError.class);
    assertEquals("SomeException", error.getCode());
    assertEquals(SECRET, error.getMessage());
    assertEquals("request-id", error.getRequestId());
    assertEquals("Mend it.", error.getHint());
  }

  /// Clients take 8 KiB of headers, and the details travel as Base64 beside the text.
  private static void assertFits(Status status) {
    int size = status.getMessage().length() + status.getSerializedSize() * 4 / 3;
    assertTrue(size < 7_500, () -> "too large: " + size);
  }

  @Test
  void status_ofLongHintsAndManyViolations_fitsIntoTheTrailers() {
    String words = "words of AWS ".repeat(500);
    CheckResult.Step step =
        new CheckResult.Step(
            FAILED_STEP.kind(),
            FAILED_STEP.took(),
            new RootKeyError(
                "AccessDeniedException", "kms:Decrypt", words, words, SECRET, Instant.EPOCH),
            null,
            null);
    assertFits(status(new KeystoreFailure.CheckFailed(KEYSTORE, step)));
    assertFits(
        status(
            new KmsFailure(KmsFailure.Kind.THROTTLED, "kms:Decrypt", "Code", words, "request-id")
                .explained(new KmsFailure.Explanation(words, Instant.EPOCH))));
    WrapDekRequest.Builder request = WrapDekRequest.newBuilder().setKeystore("tenants/A");
    for (int i = 0; i < 5_000; i++) {
      request.putEncryptionContext("k".repeat(129) + i, "");
    }
    Status invalid = new RequestValidation().check(request.build()).status().toProto();
    assertFits(invalid);
    assertTrue(invalid.getMessage().endsWith("; 5001 more."), invalid.getMessage());
  }

  @Test
  void kek_whoseDestructionIsScheduled_saysWhen() throws InvalidProtocolBufferException {
    Instant time = Instant.parse("2026-12-24T12:00:00Z");
    Status status = status(new KekFailure.Disabled(KEK, time));

    assertEquals(
        "The private key of the KEK `"
            + KEK
            + "` will be erased at 2026-12-24T12:00:00Z;"
            + " RestoreKek prevents that.",
        status.getMessage());
    assertEquals(
        "2026-12-24T12:00:00Z",
        status.getDetails(0).unpack(ErrorInfo.class).getMetadataOrThrow("destroy_time"));
  }

  @Test
  void unknownKek_isNotFound() throws InvalidProtocolBufferException {
    Status status = status(new KekFailure.UnknownKek());

    assertEquals(Code.NOT_FOUND_VALUE, status.getCode());
    assertEquals("KEK_NOT_FOUND", status.getDetails(0).unpack(ErrorInfo.class).getReason());
  }

  @Test
  void badRequest_namesTheField() throws InvalidProtocolBufferException {
    Status status = status(new RequestInvalid("encryption_context", "too large"));

    BadRequest request = status.getDetails(1).unpack(BadRequest.class);
    assertEquals("encryption_context", request.getFieldViolations(0).getField());
    assertEquals("too large", request.getFieldViolations(0).getDescription());
  }

  @Test
  void retryDelay_isPositive() throws InvalidProtocolBufferException {
    RetryInfo retry = status(new DekFailure.Overloaded()).getDetails(1).unpack(RetryInfo.class);

    assertTrue(retry.getRetryDelay().getNanos() > 0 || retry.getRetryDelay().getSeconds() > 0);
  }
}
