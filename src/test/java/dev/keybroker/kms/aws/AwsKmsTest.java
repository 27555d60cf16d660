package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.OriginType;

/// The AWS adapter by itself, and what only AWS has.
class AwsKmsTest extends KmsOnLocalAws {
  @Override
  protected Kms around(AwsKms adapter) {
    return adapter;
  }

  @Test
  void call_keyOfAnotherRegionByRole_goesThereInTheRolesName() {
    var role = aws.role("recordings");
    KmsArn key = aws.tenantKey(Region.SA_EAST_1, role.roleArn());

    KmsKeyDescription description =
        await(kms().describe(new KeyUse(new KmsKey(key, role), KmsContext.NONE)));

    assertEquals(key, description.keyArn());
    assertEquals(1, aws.server.calls().on(role.roleArn(), "AssumeRole"));
  }

  @Test
  void grantToken_thatKmsRefuses_failsNoUseOfTheKey() {
    GrantTokens tokens = new GrantTokens(Ticker.systemTicker());
    AwsKms kms =
        aws.opened(
            new AwsKms(
                aws.service(aws.server.endpoint()),
                TestAwsConfig.patient(),
                List.of(),
                tokens,
                InstantSource.system(),
                Ticker.systemTicker(),
                new SimpleMeterRegistry()));
    KeyUse use = new KeyUse(new KmsKey(aws.ownKey().arn(), null, "g-1"), CONTEXT);
    tokens.keep(use, "AQpAnone");

    assertNotNull(await(kms.generateKeyPair(use, KeyPairSpec.ECC_NIST_P256)));

    assertEquals(List.of(), tokens.of(use));
  }

  @Test
  void describe_multiRegionKey_namesPrimaryAndReplicas() {
    KmsArn primary =
        aws.create(
            LocalAws.BROKER, LocalAws.HOME, CreateKeyRequest.builder().multiRegion(true).build());
    aws.admin(LocalAws.BROKER, LocalAws.HOME)
        .replicateKey(it -> it.keyId(primary.toString()).replicaRegion("us-west-2"));
    KmsArn replica = KmsArn.parse(primary.toString().replace(":eu-central-1:", ":us-west-2:"));

    List<String> regions = List.of("eu-central-1", "us-west-2");
    assertEquals(
        regions,
        await(kms().describe(new KeyUse(new KmsKey(primary, null), KmsContext.NONE))).regions());
    assertEquals(
        regions,
        await(kms().describe(new KeyUse(new KmsKey(replica, null), KmsContext.NONE))).regions());
  }

  @Test
  void describe_customKeyStore_isSeen() {
    KmsArn key =
        aws.create(
            LocalAws.BROKER,
            LocalAws.HOME,
            CreateKeyRequest.builder()
                .origin(OriginType.AWS_CLOUDHSM)
                .customKeyStoreId("cks-0123456789abcdef0")
                .build());

    assertTrue(
        await(kms().describe(new KeyUse(new KmsKey(key, null), KmsContext.NONE)))
            .inCustomKeyStore());
  }

  @Test
  void describe_awsManagedKey_isNotCustomerManaged() {
    String key = aws.server.awsManagedKey(LocalAws.BROKER, "eu-central-1", "s3");

    assertFalse(
        await(kms().describe(new KeyUse(new KmsKey(KmsArn.parse(key), null), KmsContext.NONE)))
            .customerManaged());
  }

  @Test
  void ownPrincipal_isTheBrokers() {
    assertEquals(LocalAws.BROKER_ARN, await(kms().ownPrincipal()));
  }

  @Test
  void endpoint_byName_isResolved() {
    URI byName = URI.create("http://localhost:" + aws.server.endpoint().getPort());
    AwsKms named =
        aws.opened(
            LocalAws.adapter(aws.service(byName), TestAwsConfig.patient(), InstantSource.system()));

    assertEquals(LocalAws.BROKER_ARN, await(named.ownPrincipal()));
  }
}
