package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;

@SuppressWarnings("NullAway.Init") // set before each test
class FaultsTest extends LocalKmsTestCase {

  private String key;

  @BeforeEach
  void makeKey() {
    key = newKey();
    server.calls().reset();
  }

  private void describe(String keyId) {
    admin.describeKey(r -> r.keyId(keyId));
  }

  @ParameterizedTest
  @CsvSource({
    "THROTTLING, ThrottlingException, 400",
    "INTERNAL_ERROR, KMSInternalException, 500",
    "DEPENDENCY_TIMEOUT, DependencyTimeoutException, 500",
    "UNAVAILABLE, ServiceUnavailable, 503",
    "ACCESS_DENIED, AccessDeniedException, 400"
  })
  void fault_thatAnswersWithAnError_untilItIsClosed(Fault.Kind kind, String code, int status) {
    try (ActiveFault fault = server.faults().add(Fault.of(kind))) {
      AwsServiceException refused = assertCode(code, () -> describe(key));
      assertEquals(status, refused.statusCode());
      assertEquals(1, fault.struck());
    }
    describe(key);
    assertEquals(1, server.calls().of("DescribeKey", code));
    assertEquals(1, server.calls().of("DescribeKey", Calls.OK));
  }

  @ParameterizedTest
  @CsvSource({
    "THROTTLING, Throttling, 400",
    "INTERNAL_ERROR, InternalFailure, 500",
    "UNAVAILABLE, ServiceUnavailable, 503",
    "ACCESS_DENIED, AccessDenied, 403"
  })
  void fault_atSts_isWordedAsStsDoes(Fault.Kind kind, String code, int status) {
    server.faults().add(Fault.of(kind).onOperation("AssumeRole"));
    String role = server.role(TENANT, "keybroker", Policies.of(Policies.trust(TENANT, "{}")), null);
    try (StsClient sts = sts(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      assertEquals(
          status,
          assertCode(code, () -> sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1")))
              .statusCode());
      assertEquals(TENANT, sts.getCallerIdentity().account());
    }
    assertEquals(1, server.calls().on(role, "AssumeRole"));
  }

  @Test
  void accessDenied_asAFault_isWordedAsAnExplicitDeny() {
    server.faults().add(Fault.of(Fault.Kind.ACCESS_DENIED));
    assertRefused(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: kms:DescribeKey"
            + " on resource: "
            + key
            + " with an explicit deny in a resource-based policy",
        () -> describe(key));
  }

  @Test
  void latency_onACall_delaysItsAnswer() {
    server.faults().add(Fault.latency(Duration.ofMillis(200)));
    long start = System.nanoTime();
    describe(key);
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(200).toNanos());
    assertEquals(1, server.calls().of("DescribeKey", Calls.OK));
  }

  @Test
  void connectionReset_onACall_dropsTheConnection() {
    server.faults().add(Fault.of(Fault.Kind.CONNECTION_RESET).times(1));
    assertThrows(SdkClientException.class, () -> describe(key));
    describe(key);
    assertEquals(1, server.calls().of("DescribeKey", "CONNECTION_RESET"));
  }

  @Test
  void garbage_onACall_cannotBeRead() {
    server.faults().add(Fault.of(Fault.Kind.GARBAGE).times(1));
    assertThrows(SdkException.class, () -> describe(key));
    describe(key);
    assertEquals(1, server.calls().of("DescribeKey", "GARBAGE"));
  }

  @Test
  void hang_untilCleared_givesNoAnswerAndLeavesOtherKeysAlone() throws Exception {
    String other = newKey();
    ActiveFault hang = server.faults().add(Fault.of(Fault.Kind.HANG).onResource(key));
    FutureTask<Void> hanging =
        new FutureTask<>(
            () -> {
              describe(key);
              return null;
            });
    Thread.ofVirtual().start(hanging);
    while (hang.struck() == 0) {
      Thread.onSpinWait();
    }
    describe(other);
    assertEquals(0, server.calls().of("DescribeKey", "HANG"));
    assertThrows(TimeoutException.class, () -> hanging.get(100, TimeUnit.MILLISECONDS));
    server.faults().clear();
    ExecutionException dropped =
        assertThrows(ExecutionException.class, () -> hanging.get(10, TimeUnit.SECONDS));
    assertTrue(dropped.getCause() instanceof SdkClientException);
    describe(key);
  }

  @Test
  void fault_withCriteria_strikesMatchingCallsOnly() {
    String other = newKey();
    admin.createAlias(r -> r.aliasName("alias/a").targetKeyId(key));
    try (ActiveFault byKey = server.faults().add(Fault.of(Fault.Kind.THROTTLING).onResource(key))) {
      describe(other);
      assertCode("ThrottlingException", () -> describe("alias/a"));
      assertCode("ThrottlingException", () -> describe(key.substring(key.lastIndexOf('/') + 1)));
      assertEquals(2, byKey.struck());
    }
    try (ActiveFault byOperation =
        server.faults().add(Fault.of(Fault.Kind.THROTTLING).onOperation("Generate*"))) {
      describe(key);
      assertCode(
          "ThrottlingException", () -> admin.generateDataKey(r -> r.keyId(key).numberOfBytes(32)));
      assertEquals(1, byOperation.struck());
    }
    try (KmsClient second = kms(user(TENANT, "second", LocalKms.ADMINISTRATOR_ACCESS));
        ActiveFault byCaller =
            server
                .faults()
                .add(
                    Fault.of(Fault.Kind.THROTTLING)
                        .onCaller("arn:aws:iam::" + TENANT + ":user/sec*"))) {
      describe(key);
      assertCode("ThrottlingException", () -> second.describeKey(r -> r.keyId(key)));
      assertEquals(1, byCaller.struck());
    }
    String shared =
        newKey(
            Policies.of(
                Policies.rootOf(TENANT),
                Policies.statement("Allow", "arn:aws:iam::" + BROKER + ":root", "kms:*")));
    try (KmsClient broker = kms(user(BROKER, "broker", LocalKms.ADMINISTRATOR_ACCESS));
        ActiveFault byAccount =
            server.faults().add(Fault.of(Fault.Kind.THROTTLING).onAccount(TENANT))) {
      broker.listKeys();
      assertCode("ThrottlingException", () -> broker.describeKey(r -> r.keyId(shared)));
      assertCode("ThrottlingException", () -> describe(key));
      assertEquals(2, byAccount.struck());
    }
  }

  @Test
  void fault_ofARegion_strikesKmsAndStsThereAlone() {
    var user = user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    try (ActiveFault fault =
            server.faults().add(Fault.of(Fault.Kind.THROTTLING).onRegion(REGION.id()));
        KmsClient elsewhere = clients.kms(user, Region.US_EAST_1)) {
      assertCode("ThrottlingException", () -> describe(key));
      try (StsClient sts = sts(user)) {
        assertThrows(AwsServiceException.class, sts::getCallerIdentity);
      }
      assertEquals(2, fault.struck());
      elsewhere.listKeys();
    }
  }

  @Test
  void fault_ofACiphertextsKey_strikesDecryptWithoutKeyId() {
    var blob = admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();
    server.faults().add(Fault.of(Fault.Kind.THROTTLING).onResource(key));
    assertCode("ThrottlingException", () -> admin.decrypt(r -> r.ciphertextBlob(blob)));
    assertEquals(1, server.calls().on(key, "Decrypt"));
  }

  @Test
  void times_whenSpent_strikesNoMore() {
    server.faults().add(Fault.of(Fault.Kind.INTERNAL_ERROR).times(2));
    assertCode("KMSInternalException", () -> describe(key));
    assertCode("KMSInternalException", () -> describe(key));
    describe(key);
  }

  @Test
  void abovePerSecond_withinTheRate_strikesNothing() {
    ActiveFault fault = server.faults().add(Fault.of(Fault.Kind.THROTTLING).abovePerSecond(1000));
    for (int i = 0; i < 20; i++) {
      describe(key);
    }
    assertEquals(0, fault.struck());
  }

  @Test
  void abovePerSecond_beyondTheRate_strikesTheRest() {
    ActiveFault fault = server.faults().add(Fault.of(Fault.Kind.THROTTLING).abovePerSecond(5));
    int passed = 0;
    long start = System.nanoTime();
    for (int i = 0; i < 50; i++) {
      try {
        describe(key);
        passed++;
      } catch (AwsServiceException e) {
        assertEquals("ThrottlingException", e.awsErrorDetails().errorCode());
      }
    }
    long windows = (System.nanoTime() - start) / 1_000_000_000L + 1;
    assertTrue(passed >= 5 && passed <= 5 * windows, passed + " in " + windows);
    assertEquals(50 - passed, fault.struck());
  }

  @Test
  void probability_ofAHalf_strikesSome() {
    ActiveFault fault = server.faults().add(Fault.of(Fault.Kind.THROTTLING).withProbability(0.5));
    for (int i = 0; i < 200; i++) {
      try {
        describe(key);
      } catch (AwsServiceException e) {
        assertEquals("ThrottlingException", e.awsErrorDetails().errorCode());
      }
    }
    // Outside these bounds once in 10^13 runs.
    assertTrue(fault.struck() > 45 && fault.struck() < 155, "struck " + fault.struck());
  }

  @Test
  void latencyAndError_inTwoRules_bothCount() {
    server.faults().add(Fault.of(Fault.Kind.THROTTLING));
    server.faults().add(Fault.latency(Duration.ofMillis(150)));
    long start = System.nanoTime();
    assertCode("ThrottlingException", () -> describe(key));
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(150).toNanos());
  }
}
