package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.EncryptedPrivateKey;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.OriginType;

/// What the adapter makes of every way in which KMS and STS fail.
class AwsKmsFailuresTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final KmsContext CONTEXT = new KmsContext(Map.of("keybroker:tenant", "demo"));
  private static final String DECRYPT = "kms:Decrypt";

  private LocalAws aws;
  private AwsKms kms;

  @BeforeEach
  void start() {
    aws = new LocalAws();
    kms = aws.kms(TestAwsConfig.patient());
  }

  @AfterEach
  void stop() throws Exception {
    aws.close();
  }

  // The key.

  @ParameterizedTest
  @CsvSource({"key/11111111-2222-3333-4444-555555555555", "alias/nowhere"})
  void missingKey_isKeyNotFound(String resource) {
    KmsArn arn = KmsArn.parse("arn:aws:kms:eu-central-1:" + LocalAws.BROKER + ":" + resource);

    assertFailure(
        Kind.KEY_NOT_FOUND,
        "kms:DescribeKey",
        "NotFoundException",
        kms.describe(new KeyUse(new KmsKey(arn, null), KmsContext.NONE)));
  }

  @Test
  void customKeyStore_refusesToGenerateButEncrypts() {
    KmsArn arn =
        aws.create(
            LocalAws.BROKER,
            LocalAws.HOME,
            CreateKeyRequest.builder()
                .origin(OriginType.AWS_CLOUDHSM)
                .customKeyStoreId("cks-0123456789abcdef0")
                .build());
    KmsKey key = new KmsKey(arn, null);

    assertFailure(
        Kind.KEY_UNUSABLE,
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "UnsupportedOperationException",
        kms.generateKeyPair(new KeyUse(key, CONTEXT), KeyPairSpec.ECC_NIST_P256));
    decrypt(key, encrypt(key), CONTEXT).await().atMost(LIMIT).close();
  }

  // The ciphertext and its context.

  @Test
  void otherKey_isCiphertextRefused() {
    byte[] ciphertext = encrypt(aws.ownKey());

    assertFailure(
        Kind.CIPHERTEXT_REFUSED,
        DECRYPT,
        "IncorrectKeyException",
        decrypt(aws.ownKey(), ciphertext, CONTEXT));
  }

  // Access.

  @Test
  void keyPolicyWithoutTheBroker_isAccessDeniedByKms() {
    KmsKey key = new KmsKey(aws.tenantKey(LocalAws.HOME, "arn:aws:iam::222222222222:root"), null);

    KmsFailure failure =
        assertFailure(
            Kind.ACCESS_DENIED,
            "kms:DescribeKey",
            "AccessDeniedException",
            kms.describe(new KeyUse(key, KmsContext.NONE)));
    assertNotNull(failure.requestId());
    assertTrue(failure.detail().contains(LocalAws.BROKER_ARN), failure.detail());
  }

  @Test
  void trustPolicyWithoutTheBroker_isAccessDeniedBySts() {
    AssumedRole role = new AssumedRole("arn:aws:iam::222222222222:role/none", "x1");
    KmsKey key = new KmsKey(aws.ownKey().arn(), role);

    KmsFailure failure =
        assertFailure(
            Kind.ACCESS_DENIED, "sts:AssumeRole", "AccessDenied", decrypt(key, bytes(), CONTEXT));
    assertNotNull(failure.requestId());
  }

  @Test
  void brokersKeyUnknownToAws_isAccessDenied() {
    AwsKms stranger =
        kms(
            new LocalCredentials(
                LocalAws.BROKER, LocalAws.BROKER_ARN, "AKIAAAAAAAAAAAAAAAAA", "not a secret"));

    assertFailure(
        Kind.ACCESS_DENIED,
        "kms:DescribeKey",
        "UnrecognizedClientException",
        stranger.describe(new KeyUse(aws.ownKey(), KmsContext.NONE)));
    assertFailure(
        Kind.ACCESS_DENIED,
        "sts:GetCallerIdentity",
        "InvalidClientTokenId",
        stranger.ownPrincipal());
  }

  @Test
  void brokersSecretWrong_isAccessDenied() {
    LocalCredentials broker = aws.server.principal(LocalAws.BROKER, "other", null);
    AwsKms stranger =
        kms(
            new LocalCredentials(
                LocalAws.BROKER, broker.arn(), broker.accessKeyId(), "not the secret"));

    assertFailure(
        Kind.ACCESS_DENIED,
        "kms:DescribeKey",
        "InvalidSignatureException",
        stranger.describe(new KeyUse(aws.ownKey(), KmsContext.NONE)));
  }

  @Test
  void brokerWithoutCredentials_isUnreachableAndNamesTheCall() {
    AwsServiceClientConfiguration service =
        KmsServiceClientConfiguration.builder()
            .region(LocalAws.HOME)
            .endpointOverride(aws.server.endpoint())
            .credentialsProvider(
                (software.amazon.awssdk.auth.credentials.AwsCredentialsProvider)
                    () -> {
                      throw SdkClientException.create("none of the chain has any");
                    })
            .build();
    AwsKms without =
        aws.opened(LocalAws.adapter(service, TestAwsConfig.patient(), InstantSource.system()));
    KmsKey key = aws.ownKey();
    aws.server.calls().reset();

    assertFailure(
        Kind.UNREACHABLE,
        "kms:DescribeKey",
        "CredentialsUnavailable",
        without.describe(new KeyUse(key, KmsContext.NONE)));
    assertFailure(
        Kind.UNREACHABLE,
        "sts:AssumeRole",
        "CredentialsUnavailable",
        without.describe(
            new KeyUse(new KmsKey(key.arn(), aws.role("recordings")), KmsContext.NONE)));
    assertEquals(0, aws.server.calls().total());
  }

  // The service.

  @ParameterizedTest
  @CsvSource({
    "THROTTLING, THROTTLED, ThrottlingException",
    "INTERNAL_ERROR, UNREACHABLE, KMSInternalException",
    "DEPENDENCY_TIMEOUT, UNREACHABLE, DependencyTimeoutException",
    "UNAVAILABLE, UNREACHABLE, ServiceUnavailable",
    "ACCESS_DENIED, ACCESS_DENIED, AccessDeniedException",
    "CONNECTION_RESET, UNREACHABLE, ConnectionLost",
    "GARBAGE, UNREACHABLE, MalformedResponse"
  })
  void fault_isSeenForWhatItIs(Fault.Kind fault, Kind kind, String code) {
    KmsKey key = aws.ownKey();
    byte[] ciphertext = encrypt(key);
    aws.server.faults().add(Fault.of(fault).onOperation("Decrypt"));

    assertFailure(kind, DECRYPT, code, decrypt(key, ciphertext, CONTEXT));
  }

  @ParameterizedTest
  @CsvSource({
    "THROTTLING, THROTTLED, Throttling",
    "INTERNAL_ERROR, UNREACHABLE, InternalFailure",
    "CONNECTION_RESET, UNREACHABLE, ConnectionLost",
    "GARBAGE, UNREACHABLE, MalformedResponse"
  })
  void fault_ofSts_isReportedAsAssumeRole(Fault.Kind fault, Kind kind, String code) {
    AssumedRole role = aws.role("recordings");
    aws.server.faults().add(Fault.of(fault).onOperation("AssumeRole"));

    assertFailure(
        kind,
        "sts:AssumeRole",
        code,
        kms.describe(new KeyUse(new KmsKey(aws.ownKey().arn(), role), KmsContext.NONE)));
  }

  @ParameterizedTest
  @CsvSource({"THROTTLING", "INTERNAL_ERROR", "UNAVAILABLE", "CONNECTION_RESET"})
  void fault_onceOnly_isRetriedWithinTheCall(Fault.Kind fault) {
    KmsKey key = aws.ownKey();
    byte[] ciphertext = encrypt(key);
    aws.server.faults().add(Fault.of(fault).onOperation("Decrypt").times(1));

    decrypt(key, ciphertext, CONTEXT).await().atMost(LIMIT).close();

    assertEquals(2, aws.server.calls().of("Decrypt"));
  }

  @Test
  void refusal_isNotRetried() {
    KmsKey key = aws.ownKey();
    byte[] ciphertext = encrypt(key);
    aws.server.faults().add(Fault.of(Fault.Kind.ACCESS_DENIED).onOperation("Decrypt"));

    assertThrows(KmsFailure.class, () -> decrypt(key, ciphertext, CONTEXT).await().atMost(LIMIT));

    assertEquals(1, aws.server.calls().of("Decrypt"));
  }

  @Test
  void hang_endsAtTheCallTimeout() {
    KmsKey key = aws.ownKey();
    byte[] ciphertext = encrypt(key);
    AwsKms hasty = hasty();
    hasty.describe(new KeyUse(key, KmsContext.NONE)).await().atMost(LIMIT);
    aws.server.faults().add(Fault.of(Fault.Kind.HANG).onOperation("Decrypt"));

    long begin = System.nanoTime();
    assertFailure(
        Kind.UNREACHABLE,
        DECRYPT,
        "Timeout",
        hasty.decryptPrivateKey(new KeyUse(key, CONTEXT), ciphertext));
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    assertTrue(took.compareTo(Duration.ofMillis(300)) >= 0, took::toString);
    assertTrue(took.compareTo(Duration.ofSeconds(5)) < 0, took::toString);
  }

  @Test
  void hangOfSts_endsAtTheCallTimeoutAndIsReportedAsAssumeRole() {
    AssumedRole role = aws.role("recordings");
    AwsKms hasty = hasty();
    hasty.ownPrincipal().await().atMost(LIMIT);
    aws.server.faults().add(Fault.of(Fault.Kind.HANG).onOperation("AssumeRole"));

    assertFailure(
        Kind.UNREACHABLE,
        "sts:AssumeRole",
        "Timeout",
        hasty.describe(new KeyUse(new KmsKey(aws.ownKey().arn(), role), KmsContext.NONE)));
  }

  @Test
  void cancelledCall_freesItsConnection() {
    AwsKms single = aws.kms(TestAwsConfig.patient().withMaxConcurrency(1));
    KmsKey hanging = aws.ownKey();
    KmsKey other = aws.ownKey();
    aws.server.faults().add(Fault.of(Fault.Kind.HANG).onResource(hanging.arn().toString()));
    AtomicBoolean answered = new AtomicBoolean();

    var call =
        single
            .describe(new KeyUse(hanging, KmsContext.NONE))
            .subscribe()
            .with(item -> answered.set(true), failure -> answered.set(true));
    CompletableFuture<?> waiting =
        single.describe(new KeyUse(other, KmsContext.NONE)).subscribeAsCompletionStage();
    assertFalse(waiting.isDone());
    call.cancel();

    Uni.createFrom().completionStage(waiting).await().atMost(Duration.ofSeconds(10));
    assertFalse(answered.get());
  }

  @Test
  void cancelledOperation_beforeItsCredentialsCame_makesNoCall() {
    AssumedRole role = aws.role("recordings");
    KmsKey key = new KmsKey(aws.tenantKey(LocalAws.HOME, role.roleArn()), role);
    var fault =
        aws.server.faults().add(Fault.latency(Duration.ofMillis(300)).onOperation("AssumeRole"));
    long before = aws.server.calls().of("DescribeKey");

    var given =
        kms.describe(new KeyUse(key, KmsContext.NONE)).subscribe().with(item -> {}, failure -> {});
    given.cancel();
    kms.assumeRole(role).await().atMost(LIMIT);
    fault.close();
    kms.describe(new KeyUse(key, KmsContext.NONE)).await().atMost(LIMIT);

    assertEquals(before + 1, aws.server.calls().of("DescribeKey"));
  }

  @Test
  void closedPort_isConnectFailed() throws Exception {
    // Bound and not listening: the port refuses connections, and no other process can take it.
    try (Socket bound = new Socket()) {
      bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      URI endpoint = URI.create("http://127.0.0.1:" + bound.getLocalPort());
      AwsKms nowhere =
          aws.opened(
              LocalAws.adapter(
                  aws.service(endpoint),
                  TestAwsConfig.patient()
                      .withTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(10)),
                  InstantSource.system()));

      // The SDK now and then loses a refused connection of a new client; that attempt times out.
      Eventually.holds(
          () ->
              assertFailure(
                  Kind.UNREACHABLE,
                  "kms:DescribeKey",
                  "ConnectFailed",
                  nowhere.describe(new KeyUse(aws.ownKey(), KmsContext.NONE))));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "403 | <html>no way</html>  | MalformedResponse",
        "502 | <html>bad</html>     | Http502",
        "200 | {}                   | MalformedResponse",
        "200 | {\"Plaintext\":\"\"} | MalformedResponse",
        "200 | {\"Plaintext\":\"?\"} | MalformedResponse",
        "200 | [                    | MalformedResponse"
      })
  void answerNotOfAws_isUnreachableAndQuotesNothing(int status, String body, String code)
      throws Exception {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    HttpServer proxy =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(status, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    proxy.start();
    try {
      URI endpoint = URI.create("http://127.0.0.1:" + proxy.getAddress().getPort());
      AwsKms behind =
          aws.opened(
              LocalAws.adapter(
                  aws.service(endpoint), TestAwsConfig.patient(), InstantSource.system()));

      KmsFailure failure =
          assertFailure(
              Kind.UNREACHABLE,
              DECRYPT,
              code,
              behind.decryptPrivateKey(new KeyUse(aws.ownKey(), CONTEXT), bytes()));
      assertFalse(failure.detail().contains("Plaintext"), failure.detail());
      assertFalse(failure.detail().contains("html"), failure.detail());
    } finally {
      proxy.stop(0);
    }
  }

  private AwsKms hasty() {
    return aws.kms(
        TestAwsConfig.patient().withTimeouts(Duration.ofMillis(300), Duration.ofMillis(1_500)));
  }

  private AwsKms kms(LocalCredentials credentials) {
    return aws.opened(
        LocalAws.adapter(
            LocalAws.service(aws.server.endpoint(), LocalAws.provider(credentials)),
            TestAwsConfig.patient(),
            InstantSource.system()));
  }

  private byte[] encrypt(KmsKey key) {
    try (SecretBytes secret = SecretBytes.copyOf(bytes())) {
      EncryptedPrivateKey encrypted =
          kms.encryptPrivateKey(new KeyUse(key, CONTEXT), secret).await().atMost(LIMIT);
      return encrypted.ciphertext();
    }
  }

  private Uni<dev.keybroker.kms.DecryptedPrivateKey> decrypt(
      KmsKey key, byte[] ciphertext, KmsContext context) {
    return kms.decryptPrivateKey(new KeyUse(key, context), ciphertext);
  }

  private static byte[] bytes() {
    return "some bytes that are secret".getBytes(StandardCharsets.UTF_8);
  }

  private static KmsFailure assertFailure(Kind kind, String action, String code, Uni<?> call) {
    KmsFailure failure = assertThrows(KmsFailure.class, () -> call.await().atMost(LIMIT));
    assertEquals(
        kind + " " + action + " " + code,
        failure.kind() + " " + failure.action() + " " + failure.code(),
        failure.detail());
    return failure;
  }
}
