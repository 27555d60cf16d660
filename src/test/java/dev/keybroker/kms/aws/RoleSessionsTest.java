package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.regions.Region;

/// How the credentials of tenants' roles come, stay and go.
class RoleSessionsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String EXPIRED = "ExpiredTokenException";

  /// The adapter's clock and that of AWS.
  private final TestTime time = new TestTime();

  private LocalAws aws;
  private AssumedRole role;
  private KmsKey key;

  @BeforeEach
  void start() {
    aws = new LocalAws(time);
    role = aws.role("recordings");
    key = new KmsKey(aws.tenantKey(LocalAws.HOME, role.roleArn()), role);
  }

  @AfterEach
  void stop() throws Exception {
    aws.close();
  }

  @Test
  void firstCalls_aThousandAtOnceInTwoRegions_assumeTheRoleOnce() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    KmsKey elsewhere = new KmsKey(aws.tenantKey(Region.US_EAST_1, role.roleArn()), role);

    List<CompletableFuture<KmsKeyDescription>> calls = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      calls.add(kms.describe(new KeyUse(key, KmsContext.NONE)).subscribeAsCompletionStage());
      calls.add(kms.describe(new KeyUse(elsewhere, KmsContext.NONE)).subscribeAsCompletionStage());
    }
    calls.forEach(CompletableFuture::join);

    assertEquals(1, aws.server.calls().of("AssumeRole"));
    assertEquals(1_000, aws.server.calls().of("DescribeKey", "OK"));
  }

  @Test
  void roles_differentExternalIds_haveSessionsOfTheirOwn() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));

    KmsKey other = new KmsKey(key.arn(), new AssumedRole(role.roleArn(), "another-tenants-id"));

    KmsFailure failure =
        assertThrows(
            KmsFailure.class, () -> await(kms.describe(new KeyUse(other, KmsContext.NONE))));
    assertEquals(Kind.ACCESS_DENIED, failure.kind());
    assertEquals("sts:AssumeRole", failure.action());
  }

  @Test
  void session_lastQuarter_isRenewedAheadOnce() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));

    time.advance(Duration.ofMinutes(44));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    assertEquals(1, aws.server.calls().of("AssumeRole"));

    time.advance(Duration.ofMinutes(2));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    until(() -> aws.server.calls().of("AssumeRole") == 2);

    time.advance(Duration.ofMinutes(40));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    assertEquals(2, aws.server.calls().of("AssumeRole"));
  }

  @Test
  void session_whileItIsRenewedAhead_delaysNoCall() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    aws.server.faults().add(Fault.of(Fault.Kind.HANG).onOperation("AssumeRole"));

    time.advance(Duration.ofMinutes(50));

    kms.describe(new KeyUse(key, KmsContext.NONE)).await().atMost(Duration.ofSeconds(10));
  }

  @Test
  void session_renewalDenied_servesToItsEndAndNoLonger() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    aws.server.faults().add(Fault.of(Fault.Kind.ACCESS_DENIED).onOperation("AssumeRole"));

    time.advance(Duration.ofMinutes(59));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    until(() -> aws.server.calls().of("AssumeRole") == 2);

    time.advance(Duration.ofMinutes(2));
    KmsFailure failure =
        assertThrows(KmsFailure.class, () -> await(kms.describe(new KeyUse(key, KmsContext.NONE))));
    assertEquals(Kind.ACCESS_DENIED, failure.kind());
    assertEquals("sts:AssumeRole", failure.action());

    aws.server.faults().clear();
    time.advance(Duration.ofMinutes(1));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
  }

  @Test
  void session_renewalFails_isNotTriedAtEveryCall() {
    AwsKms kms = aws.kms(TestAwsConfig.patient().withMaxAttempts(1), time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    aws.server.faults().add(Fault.of(Fault.Kind.THROTTLING).onOperation("AssumeRole"));
    time.advance(Duration.ofMinutes(50));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    until(() -> aws.server.calls().of("AssumeRole") == 2);

    for (int i = 0; i < 20; i++) {
      await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    }
    assertEquals(2, aws.server.calls().of("AssumeRole"));

    time.advance(Duration.ofMinutes(2));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    until(() -> aws.server.calls().of("AssumeRole") == 3);
  }

  @Test
  void assumeRole_refused_answersFurtherCallsForTheDelay() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    aws.server.faults().add(Fault.of(Fault.Kind.ACCESS_DENIED).onOperation("AssumeRole"));
    KmsFailure first =
        assertThrows(KmsFailure.class, () -> await(kms.describe(new KeyUse(key, KmsContext.NONE))));
    aws.server.faults().clear();

    time.advance(Duration.ofMillis(1));
    long before = aws.server.calls().of("AssumeRole");
    for (int i = 0; i < 5; i++) {
      kms.describe(new KeyUse(key, KmsContext.NONE))
          .onFailure()
          .recoverWithNull()
          .await()
          .atMost(LIMIT);
    }
    assertTrue(aws.server.calls().of("AssumeRole") - before <= 1);
    assertEquals("AccessDenied", first.code());

    time.advance(Duration.ofSeconds(2));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
  }

  @Test
  void credentials_calledExpired_areReplacedAndTheCallSucceeds() {
    TestAwsConfig config = TestAwsConfig.patient().withSession(Duration.ofHours(1), Duration.ZERO);
    AwsKms kms = aws.kms(config, InstantSource.system());
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));

    // For AWS alone.
    time.advance(Duration.ofHours(2));
    List<CompletableFuture<KmsKeyDescription>> calls = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      calls.add(kms.describe(new KeyUse(key, KmsContext.NONE)).subscribeAsCompletionStage());
    }
    calls.forEach(CompletableFuture::join);

    assertTrue(aws.server.calls().of("DescribeKey", EXPIRED) >= 1);
    assertEquals(2, aws.server.calls().of("AssumeRole"));
  }

  @Test
  void assumeRole_asked_isMadeAnewAndItsSessionUsed() {
    AwsKms kms = aws.kms(TestAwsConfig.patient(), time);
    await(kms.assumeRole(role));
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    assertEquals(1, aws.server.calls().of("AssumeRole"));

    await(kms.assumeRole(role));
    assertEquals(2, aws.server.calls().of("AssumeRole"));

    aws.server.role(LocalAws.TENANT, "recordings", LocalAws.trust(LocalAws.BROKER_ARN, "x1"), null);
    KmsFailure failure = assertThrows(KmsFailure.class, () -> await(kms.assumeRole(role)));
    assertEquals(Kind.ACCESS_DENIED, failure.kind());
    assertEquals("sts:AssumeRole", failure.action());
  }

  @Test
  void shortSession_bounds_howLongAWithdrawnTrustGoesUnnoticed() {
    AwsKms kms =
        aws.kms(
            TestAwsConfig.patient().withSession(Duration.ofMinutes(1), Duration.ofSeconds(1)),
            time);
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    aws.server.role(LocalAws.TENANT, "recordings", LocalAws.trust(LocalAws.BROKER_ARN, "x1"), null);

    time.advance(Duration.ofSeconds(61));

    KmsFailure failure =
        assertThrows(KmsFailure.class, () -> await(kms.describe(new KeyUse(key, KmsContext.NONE))));
    assertEquals(Kind.ACCESS_DENIED, failure.kind());
  }

  @Test
  void clients_moreRolesThanKept_workOnWhenTheirTurnComesAgain() {
    AwsKms kms = aws.kms(TestAwsConfig.patient().withClientCacheSize(1));
    List<KmsKey> keys = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      AssumedRole each = aws.role("role-" + i);
      keys.add(new KmsKey(aws.tenantKey(LocalAws.HOME, each.roleArn()), each));
    }

    for (int round = 0; round < 3; round++) {
      List<CompletableFuture<KmsKeyDescription>> calls =
          keys.stream()
              .map(it -> kms.describe(new KeyUse(it, KmsContext.NONE)).subscribeAsCompletionStage())
              .toList();
      calls.forEach(CompletableFuture::join);
    }

    assertEquals(24, aws.server.calls().of("DescribeKey", "OK"));
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(LIMIT);
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "not in time");
      LockSupport.parkNanos(5_000_000);
    }
  }
}
