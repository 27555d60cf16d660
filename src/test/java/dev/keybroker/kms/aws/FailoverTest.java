package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.DecryptedPrivateKey;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;

/// Which replica of a multi-Region key is called, in three regions of the local KMS.
@SuppressWarnings("NullAway.Init") // set before each test
class FailoverTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final KmsContext CONTEXT = new KmsContext(Map.of("keybroker:tenant", "demo"));
  private static final Region FRANKFURT = LocalAws.HOME;
  private static final Region IRELAND = Region.EU_WEST_1;
  private static final Region VIRGINIA = Region.US_EAST_1;

  private final AtomicLong nanos = new AtomicLong();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private LocalAws aws;

  @BeforeEach
  void start() {
    aws = new LocalAws();
  }

  @AfterEach
  void stop() throws Exception {
    aws.close();
  }

  // Which regions are allowed.

  @Test
  void primaryOutsideAllowedRegions_replicaThatIsThere_isCalledInstead() {
    AwsKms kms = kms(IRELAND, VIRGINIA);
    KmsKey primary = multiRegionKey(VIRGINIA);
    aws.server.calls().reset();

    GeneratedKeyPair pair =
        await(kms.generateKeyPair(new KeyUse(primary, CONTEXT), KeyPairSpec.ECC_NIST_P256));

    assertEquals(replica(primary, VIRGINIA), pair.keyArn());
    assertEquals(
        VIRGINIA.id(), await(kms.describe(new KeyUse(primary, KmsContext.NONE))).keyArn().region());
    assertEquals(0, calls(primary.arn()));
  }

  @Test
  void replicaOutsideAllowedRegions_primaryInside_isCalledInstead() {
    KmsKey primary = multiRegionKey(IRELAND);
    KmsKey replica = new KmsKey(replica(primary, IRELAND), null);
    aws.server.calls().reset();

    assertEquals(primary.arn(), generate(kms(FRANKFURT), replica).keyArn());
    assertEquals(0, calls(replica.arn()));
  }

  @Test
  void keyWithoutAnAllowedRegion_isNotCalled() {
    KmsKey primary = multiRegionKey(IRELAND);
    KmsKey single = aws.ownKey();
    KmsKey alias =
        new KmsKey(KmsArn.parse(single.arn().toString().replaceAll("key/.*", "alias/a")), null);
    byte[] made = generate(kms(), single).encryptedPrivateKey();
    AwsKms kms = kms(VIRGINIA);
    aws.server.calls().reset();

    for (KmsKey key : List.of(primary, single, alias)) {
      for (Uni<?> call :
          List.of(
              kms.describe(new KeyUse(key, KmsContext.NONE)),
              kms.generateKeyPair(new KeyUse(key, CONTEXT), KeyPairSpec.ECC_NIST_P256),
              kms.checkDecrypt(new KeyUse(key, CONTEXT), made),
              kms.decryptPrivateKey(new KeyUse(key, CONTEXT), made))) {
        KmsFailure failure = assertThrows(KmsFailure.class, () -> await(call));
        assertEquals(Kind.KEY_UNUSABLE, failure.kind());
        assertEquals(KmsFailure.REGION_NOT_ALLOWED, failure.code());
        assertTrue(failure.detail().contains("us-east-1 only"), failure.detail());
      }
    }
    for (KmsKey key : List.of(primary, single)) {
      assertEquals(0, calls(key.arn()));
      assertEquals(0, calls(replica(key, IRELAND)));
    }
  }

  @Test
  void allowedRegionOfAnotherPartition_isNotAsked() {
    AwsKms kms = kms(Region.CN_NORTH_1, IRELAND);
    KmsKey primary = multiRegionKey(IRELAND);

    assertEquals(replica(primary, IRELAND), generate(kms, primary).keyArn());
    assertEquals(0, calls(replica(primary, Region.CN_NORTH_1)));
  }

  // A region that is down.

  @ParameterizedTest
  @EnumSource(
      names = {
        "HANG",
        "CONNECTION_RESET",
        "INTERNAL_ERROR",
        "DEPENDENCY_TIMEOUT",
        "UNAVAILABLE",
        "GARBAGE"
      })
  void regionDown_everyCall_isCarriedOutByTheReplica(Fault.Kind kind) {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    KmsKey key = multiRegionKey(IRELAND);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    aws.server.faults().add(Fault.of(kind).onRegion(FRANKFURT.id()));

    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
    await(kms.checkDecrypt(new KeyUse(key, CONTEXT), made));
    assertEquals(
        IRELAND.id(), await(kms.describe(new KeyUse(key, KmsContext.NONE))).keyArn().region());
    GeneratedKeyPair next = generate(kms, key);

    assertEquals(replica(key, IRELAND), next.keyArn());
    assertEquals(
        "", suffix(decrypt(kms, new KmsKey(next.keyArn(), null), next.encryptedPrivateKey())));
    assertEquals(1, failovers(FRANKFURT));
    assertEquals(0, failovers(IRELAND));
  }

  @Test
  void twoRegionsDown_theThirdCarriesItOut() {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    KmsKey key = multiRegionKey(IRELAND, VIRGINIA);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    down(FRANKFURT);
    down(IRELAND);

    assertEquals("@us-east-1", suffix(decrypt(kms, key, made)));
    KmsKey made2 = new KmsKey(replica(key, IRELAND), null);
    assertEquals("@us-east-1", suffix(decrypt(kms, made2, made)));
  }

  @Test
  void regionBack_isUsedAgainAfterTheRetryDelay_andNotBefore() {
    AwsKms kms = kms(FRANKFURT, IRELAND);
    KmsKey key = multiRegionKey(IRELAND);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    ActiveFault outage = down(FRANKFURT);
    decrypt(kms, key, made);
    long struck = outage.struck();

    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
    assertEquals(struck, outage.struck(), "calls while the region is known to be down");

    nanos.addAndGet(Duration.ofSeconds(6).toNanos());
    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
    assertTrue(outage.struck() > struck, "one call tries the region");

    outage.close();
    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
    nanos.addAndGet(Duration.ofSeconds(6).toNanos());
    assertEquals("", suffix(decrypt(kms, key, made)));
    assertEquals("", suffix(decrypt(kms, key, made)));
  }

  @Test
  void replicasOfSomeAllowedRegionsOnly_theOneThatIsThereIsFound() {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    AssumedRole role = aws.role("recordings");
    KmsKey key = tenantKey(role, LocalAws.CALLS, VIRGINIA, LocalAws.CALLS);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    down(FRANKFURT);

    assertEquals("@us-east-1", suffix(decrypt(kms, key, made)));
  }

  @Test
  void replicaThatMayNotBeDescribed_isUsedAllTheSame() {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    AssumedRole role = aws.role("recordings");
    KmsKey key = tenantKey(role, LocalAws.CALLS, IRELAND, "\"kms:Decrypt\"");
    byte[] made = generate(kms, key).encryptedPrivateKey();
    down(FRANKFURT);

    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
  }

  @Test
  void withoutAllowedRegions_keyOfARegionThatIsDown_isUnreachable() {
    AwsKms kms = kms();
    KmsKey key = multiRegionKey(IRELAND);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    down(FRANKFURT);

    KmsFailure failure = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
    assertEquals("KMSInternalException", failure.code());
    assertEquals(0, calls(replica(key, IRELAND)));
  }

  // What a tenant refuses.

  @Test
  void keyDisabledInItsRegion_isRefusedWithThatReason_alsoWhileTheRegionIsDown() {
    AwsKms kms = kms(FRANKFURT, IRELAND);
    KmsKey key = multiRegionKey(IRELAND);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    aws.admin(LocalAws.BROKER, FRANKFURT).disableKey(it -> it.keyId(key.arn().toString()));

    KmsFailure refused = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
    assertEquals(Kind.KEY_DISABLED, refused.kind());
    assertEquals(key.arn() + " is disabled.", refused.detail());
    KmsFailure rotation = assertThrows(KmsFailure.class, () -> generate(kms, key));
    assertEquals(Kind.KEY_DISABLED, rotation.kind());

    ActiveFault outage = down(FRANKFURT);
    for (int i = 0; i < 3; i++) {
      KmsFailure down = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
      assertEquals(Kind.UNREACHABLE, down.kind());
      assertTrue(down.detail().contains("the use was refused here"), down.detail());
      assertThrows(KmsFailure.class, () -> generate(kms, key));
    }
    assertEquals(0, calls(replica(key, IRELAND)));

    outage.close();
    aws.admin(LocalAws.BROKER, FRANKFURT).enableKey(it -> it.keyId(key.arn().toString()));
    assertEquals("", suffix(decrypt(kms, key, made)));
    generate(kms, key);
    down(FRANKFURT);
    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"kms:DescribeKey\"", "\"kms:GetKeyPolicy\""})
  void replicaDenies_whileTheKeysOwnRegionIsDown_failureSaysBoth(String allowedThere) {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    AssumedRole role = aws.role("recordings");
    KmsKey key = tenantKey(role, LocalAws.CALLS, IRELAND, allowedThere);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    ActiveFault outage = down(FRANKFURT);

    for (int i = 0; i < 2; i++) {
      KmsFailure failure = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
      assertEquals(Kind.UNREACHABLE, failure.kind());
      assertEquals("KMSInternalException", failure.code());
      assertTrue(failure.detail().contains("; AccessDeniedException: User: "), failure.detail());
      assertTrue(failure.detail().contains("(" + replica(key, IRELAND) + ")"), failure.detail());
    }
    assertEquals(0, aws.server.calls().on(replica(key, VIRGINIA).toString(), "Decrypt"));

    outage.close();
    assertEquals("", suffix(decrypt(kms, key, made)));
  }

  @Test
  void replicaThatRefused_isNotPassedOverWhileItIsDown() {
    AwsKms kms = kms(FRANKFURT, IRELAND, VIRGINIA);
    KmsKey key = multiRegionKey(IRELAND, VIRGINIA);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    aws.admin(LocalAws.BROKER, IRELAND)
        .disableKey(it -> it.keyId(replica(key, IRELAND).toString()));
    down(FRANKFURT);
    KmsFailure both = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
    assertTrue(both.detail().contains("; DisabledException: "), both.detail());

    down(IRELAND);

    assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
    assertEquals(0, aws.server.calls().on(replica(key, VIRGINIA).toString(), "Decrypt"));
  }

  @Test
  void throttledRegion_isNoRegionThatIsDown() {
    AwsKms kms = kms(FRANKFURT, IRELAND);
    KmsKey key = multiRegionKey(IRELAND);
    byte[] made = generate(kms, key).encryptedPrivateKey();
    aws.server.faults().add(Fault.of(Fault.Kind.THROTTLING).onRegion(FRANKFURT.id()));

    KmsFailure failure = assertThrows(KmsFailure.class, () -> decrypt(kms, key, made));
    assertEquals(Kind.THROTTLED, failure.kind());
    assertEquals(0, calls(replica(key, IRELAND)));
  }

  // STS.

  @ParameterizedTest
  @EnumSource(names = {"HANG", "CONNECTION_RESET", "INTERNAL_ERROR", "UNAVAILABLE"})
  void homeRegionDown_withItsSts_roleIsAssumedInAnAllowedRegion(Fault.Kind kind) {
    AssumedRole role = aws.role("recordings");
    KmsKey key = tenantKey(role, LocalAws.CALLS, IRELAND, LocalAws.CALLS);
    byte[] made = generate(kms(), key).encryptedPrivateKey();
    aws.server.faults().add(Fault.of(kind).onRegion(FRANKFURT.id()));

    AwsKms kms = kms(FRANKFURT, IRELAND);

    assertEquals("@eu-west-1", suffix(decrypt(kms, key, made)));
  }

  @Test
  void roleThatIsRefused_isAskedForInNoOtherRegion() {
    AssumedRole role = aws.role("recordings");
    KmsKey key = tenantKey(role, LocalAws.CALLS, IRELAND, LocalAws.CALLS);
    KmsKey stranger = new KmsKey(key.arn(), new AssumedRole(role.roleArn(), "another-id"));
    aws.server.calls().reset();

    KmsFailure failure =
        assertThrows(
            KmsFailure.class,
            () -> await(kms(FRANKFURT, IRELAND).describe(new KeyUse(stranger, KmsContext.NONE))));

    assertEquals(Kind.ACCESS_DENIED, failure.kind());
    assertEquals(1, aws.server.calls().of("AssumeRole"));
  }

  private AwsKms kms(Region... allowed) {
    return aws.kms(
        TestAwsConfig.patient().withTimeouts(Duration.ofSeconds(12), Duration.ofSeconds(12)),
        nanos::get,
        registry,
        List.of(allowed).stream().map(Region::id).toList());
  }

  /// A primary key in Frankfurt, in the broker's account, with replicas.
  private KmsKey multiRegionKey(Region... replicas) {
    KmsArn primary =
        aws.create(
            LocalAws.BROKER, FRANKFURT, CreateKeyRequest.builder().multiRegion(true).build());
    for (Region region : replicas) {
      aws.admin(LocalAws.BROKER, FRANKFURT)
          .replicateKey(it -> it.keyId(primary.toString()).replicaRegion(region.id()));
    }
    return new KmsKey(primary, null);
  }

  /// A primary key in Frankfurt and one replica, in the tenant's account; each policy allows the
  /// role some calls there.
  private KmsKey tenantKey(AssumedRole role, String calls, Region region, String callsThere) {
    AssumedRole reduced =
        new AssumedRole(
            aws.server.role(
                LocalAws.TENANT,
                "recordings",
                LocalAws.trust(LocalAws.BROKER_ARN, LocalAws.EXTERNAL_ID),
                null),
            LocalAws.EXTERNAL_ID);
    KmsArn primary =
        aws.create(
            LocalAws.TENANT,
            FRANKFURT,
            CreateKeyRequest.builder().multiRegion(true).policy(policy(role, calls)).build());
    aws.admin(LocalAws.TENANT, FRANKFURT)
        .replicateKey(
            it ->
                it.keyId(primary.toString())
                    .replicaRegion(region.id())
                    .policy(policy(role, callsThere)));
    return new KmsKey(primary, reduced);
  }

  private static String policy(AssumedRole role, String calls) {
    return LocalAws.keyPolicy(LocalAws.TENANT, LocalAws.allow(role.roleArn(), calls, ""));
  }

  private static KmsArn replica(KmsKey key, Region region) {
    KmsArn arn = key.arn();
    return new KmsArn(arn.partition(), region.id(), arn.account(), arn.resource());
  }

  private ActiveFault down(Region region) {
    return aws.server.faults().add(Fault.of(Fault.Kind.INTERNAL_ERROR).onRegion(region.id()));
  }

  private static GeneratedKeyPair generate(AwsKms kms, KmsKey key) {
    return await(kms.generateKeyPair(new KeyUse(key, CONTEXT), KeyPairSpec.ECC_NIST_P256));
  }

  /// The request id, after which a key that is used by a role has that.
  private static String decrypt(AwsKms kms, KmsKey key, byte[] made) {
    try (DecryptedPrivateKey decrypted =
        await(kms.decryptPrivateKey(new KeyUse(key, CONTEXT), made))) {
      assertFalse(decrypted.privateKey().size() == 0);
      String requestId = decrypted.requestId();
      assertNotNull(requestId);
      String byRole = " by role";
      assertEquals(key.role() != null, requestId.endsWith(byRole), requestId);
      return requestId.replace(byRole, "");
    }
  }

  private static String suffix(String requestId) {
    int at = requestId.indexOf('@');
    return at < 0 ? "" : requestId.substring(at);
  }

  private long calls(KmsArn key) {
    return List.of("DescribeKey", "GenerateDataKeyPairWithoutPlaintext", "Encrypt", "Decrypt")
        .stream()
        .mapToLong(operation -> aws.server.calls().on(key.toString(), operation))
        .sum();
  }

  private double failovers(Region region) {
    return registry.get(Metrics.KMS_FAILOVERS).tag(Metrics.REGION, region.id()).counter().count();
  }

  private static <T> T await(Uni<T> call) {
    return call.await().atMost(LIMIT);
  }
}
