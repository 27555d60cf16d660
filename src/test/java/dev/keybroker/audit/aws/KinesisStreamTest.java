package dev.keybroker.audit.aws;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.audit.DeliveryFailure;
import dev.keybroker.audit.DeliveryFailure.Cause;
import dev.keybroker.audit.RecordStream;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.kms.aws.TestAwsConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;

/// The adapter for Kinesis against a server that speaks its protocol.
class KinesisStreamTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final byte[] LINE = "{\"a\":1}\n".getBytes(UTF_8);

  private final UUID chain = UUID.randomUUID();
  private KinesisDouble kinesis;
  private AwsKms aws;
  private RecordStream stream;

  @BeforeEach
  void start() throws Exception {
    kinesis = new KinesisDouble();
    open(KinesisDouble.aws(config -> config), KinesisDouble.Settings.of(kinesis.endpoint()));
  }

  private void open(AwsKms connections, KinesisDouble.Settings settings) {
    aws = connections;
    stream = new KinesisStream(KinesisDouble.ARN, settings, aws);
  }

  @AfterEach
  void stop() {
    close();
    kinesis.close();
  }

  private void close() {
    stream.close();
    aws.close();
  }

  private void put() {
    stream.put(chain, LINE).await().atMost(LIMIT);
  }

  private DeliveryFailure refused() {
    return assertThrows(DeliveryFailure.class, this::put);
  }

  @Test
  void put_isSignedForKinesis_andKeyedByTheChain() {
    put();

    KinesisDouble.Put put = kinesis.puts().getFirst();
    assertEquals(chain.toString(), put.partitionKey());
    assertEquals(new String(LINE, UTF_8), new String(put.data(), UTF_8));
    String signature = put.headers().get("authorization");
    assertTrue(
        signature.matches(
            "AWS4-HMAC-SHA256 Credential=AKIATEST/[0-9]{8}/eu-central-1/kinesis/aws4_request, .*"),
        signature);
  }

  @Test
  void put_followsTheOneBefore_ofTheSameChain() {
    put();
    put();
    stream.put(UUID.randomUUID(), LINE).await().atMost(LIMIT);

    List<KinesisDouble.Put> puts = kinesis.puts();
    assertNull(puts.get(0).after());
    assertEquals(puts.get(0).sequenceNumber(), puts.get(1).after());
    assertNull(puts.get(2).after());
  }

  @Test
  void put_afterAFailure_namesNoPredecessor() {
    put();
    kinesis.refuse(key -> new KinesisDouble.Refusal(400, "InvalidArgumentException", "too old"));
    assertEquals(Cause.REFUSED, refused().reason());
    kinesis.acceptAll();
    put();

    assertNull(kinesis.puts().get(1).after());
  }

  @ParameterizedTest
  @CsvSource({
    "KMSAccessDeniedException, KEY_ACCESS_DENIED, kms:GenerateDataKey and kms:Decrypt",
    "KMSDisabledException, KEY_DISABLED, aws kms enable-key",
    "KMSInvalidStateException, KEY_UNAVAILABLE, KeyState Enabled",
    "KMSNotFoundException, KEY_NOT_FOUND, start-stream-encryption",
    "KMSOptInRequired, KMS_NOT_ACTIVE, Activate the region",
    "KMSThrottlingException, KMS_THROTTLED, Service Quotas",
    "ProvisionedThroughputExceededException, THROTTLED, more shards",
    "ResourceNotFoundException, STREAM_NOT_FOUND, stream-arn",
    "AccessDeniedException, ACCESS_DENIED, kinesis:PutRecord",
    "UnrecognizedClientException, CREDENTIALS, own credentials",
    "InvalidArgumentException, REFUSED, describe-stream-summary"
  })
  void refusal_hasItsCauseAndAHint(String code, Cause cause, String hint) {
    close();
    open(
        KinesisDouble.aws(config -> config.withMaxAttempts(1)),
        KinesisDouble.Settings.of(kinesis.endpoint()));
    kinesis.refuse(key -> new KinesisDouble.Refusal(400, code, "No."));

    DeliveryFailure failure = refused();

    assertEquals(cause, failure.reason());
    assertEquals("kinesis:PutRecord " + code + ": No. (request request-7)", failure.getMessage());
    assertTrue(failure.hint().contains(hint), failure.hint());
    assertFalse(failure.hint().contains("%s"), failure.hint());
  }

  @Test
  void keyPendingDeletion_isToldFromOtherStates() {
    kinesis.refuse(
        key ->
            new KinesisDouble.Refusal(
                400, "KMSInvalidStateException", "arn:aws:kms:… is pending deletion."));

    DeliveryFailure failure = refused();

    assertEquals(Cause.KEY_PENDING_DELETION, failure.reason());
    assertTrue(failure.hint().contains("cancel-key-deletion"), failure.hint());
  }

  @Test
  void internalError_isUnreachable() {
    kinesis.refuse(key -> new KinesisDouble.Refusal(500, "InternalFailure", "oops"));
    assertEquals(Cause.UNREACHABLE, refused().reason());
  }

  @Test
  void endpointThatIsAway_isUnreachable() {
    kinesis.close();
    assertEquals(Cause.UNREACHABLE, refused().reason());
  }

  @Test
  void endpointThatDoesNotAnswer_isGivenUp() {
    close();
    open(
        KinesisDouble.aws(
            config -> config.withTimeouts(Duration.ofMillis(300), Duration.ofMillis(500))),
        KinesisDouble.Settings.of(kinesis.endpoint()));
    CountDownLatch never = new CountDownLatch(1);
    kinesis.beforeAnswer(
        () -> {
          try {
            never.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    try {
      assertEquals(Cause.UNREACHABLE, refused().reason());
    } finally {
      never.countDown();
    }
  }

  // The role.

  private KinesisDouble.Settings withRole(String role, String externalId) {
    URI endpoint = kinesis.endpoint();
    return new KinesisDouble.Settings(
        Optional.of(KinesisDouble.ARN),
        Optional.of(role),
        Optional.of(externalId),
        Optional.of(endpoint));
  }

  private static AwsKms adapter(LocalKms sts, LocalCredentials broker) {
    return new AwsKms(
        KmsServiceClientConfiguration.builder()
            .region(Region.EU_CENTRAL_1)
            .endpointOverride(sts.endpoint())
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(broker.accessKeyId(), broker.secretAccessKey())))
            .build(),
        TestAwsConfig.patient(),
        List.of(),
        new GrantTokens(Ticker.systemTicker()),
        InstantSource.system(),
        Ticker.systemTicker(),
        new SimpleMeterRegistry());
  }

  @Test
  void role_isAssumedWithItsExternalId() {
    try (LocalKms sts = LocalKms.start(LocalKmsOptions.inMemory())) {
      LocalCredentials broker =
          sts.principal("111111111111", "broker", LocalKms.ADMINISTRATOR_ACCESS);
      String role =
          sts.role(
              "222222222222",
              "audit-writer",
              """
              {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},\
              "Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"right"}}}]}\
              """
                  .formatted(broker.arn()),
              LocalKms.ADMINISTRATOR_ACCESS);
      close();
      open(adapter(sts, broker), withRole(role, "right"));

      put();
      assertTrue(kinesis.puts().getFirst().headers().containsKey("x-amz-security-token"));

      close();
      open(adapter(sts, broker), withRole(role, "wrong"));
      DeliveryFailure failure = refused();
      assertEquals(Cause.CREDENTIALS, failure.reason());
      assertTrue(failure.hint().contains("sts:ExternalId"), failure.hint());
      assertEquals(1, kinesis.puts().size());
    }
  }
}
