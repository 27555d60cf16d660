package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.MemoryKekTier;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.Urgency;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A deployment changes `keybroker.kms-context` between two KEKs of one keystore.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RenamedContextTest {
  private static final KeystoreName NAME = new KeystoreName("renamed", "calls");

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject KeystoreConfig config;
  @Inject KekRepository keks;
  @Inject KeyPairSource keyPairs;
  @Inject KekCopies copies;
  @Inject KekChanges changes;
  @Inject MemoryKekTier records;
  @Inject Kms kms;
  @Inject DekBroker broker;
  @Inject SecureRandom random;

  @Test
  void contextRenamed_bothKeksDecryptUnderTheirOwn() {
    try (TenantAccount account = new TenantAccount(services, EmbeddedServices.BROKER_ACCOUNT);
        SecretBytes dek = SecretBytes.random(32, random)) {
      String key = account.kms().createKey().keyMetadata().arn();
      Keystore keystore = await(keystores.create(NAME, settings(key)));
      KekName oldKek = keystore.activeKek();
      assertNotNull(oldKek);
      WrappedResult underOld =
          await(
              broker.wrap(NAME, SecretBytes.copyOf(dek.toByteArray()), EncryptionContext.empty()));
      assertEquals(oldKek, underOld.kek());

      RootKeyAccess renamed =
          new RootKeyAccess(
              config,
              new Context(
                  "genesys-cloud-organization-id", "purpose", Map.of("deployment", "frankfurt")));
      KekName newKek =
          await(
                  new KekGeneration(keks, keyPairs, renamed, copies, changes)
                      .generate(
                          keystore,
                          await(repository.tenant(NAME.tenant())),
                          null,
                          Urgency.INTERACTIVE))
              .name();
      Eventually.holds(
          () ->
              assertEquals(
                  newKek,
                  await(
                          broker.wrap(
                              NAME,
                              SecretBytes.copyOf(dek.toByteArray()),
                              EncryptionContext.empty()))
                      .kek()));
      WrappedResult underNew =
          await(
              broker.wrap(NAME, SecretBytes.copyOf(dek.toByteArray()), EncryptionContext.empty()));

      Kek before = await(records.kek(oldKek.id()));
      Kek after = await(records.kek(newKek.id()));
      assertEquals(
          new KmsContext(Map.of("keybroker:tenant", "renamed", "keybroker:keystore", "calls")),
          before.rootKey().context());
      assertEquals(
          new KmsContext(
              Map.of(
                  "genesys-cloud-organization-id",
                  "renamed",
                  "purpose",
                  "calls",
                  "deployment",
                  "frankfurt")),
          after.rootKey().context());
      // The lifetime is zero: each unwrap asks KMS.
      assertUnwraps(dek, underOld);
      assertUnwraps(dek, underNew);
      assertRefused(before, after.rootKey().context());
      assertRefused(after, before.rootKey().context());
    }
  }

  private record Context(String tenantKey, String keystoreKey, Map<String, String> extra)
      implements KmsContextConfig {}

  private void assertUnwraps(SecretBytes dek, WrappedResult wrapped) {
    try (UnwrappedResult unwrapped =
        await(broker.unwrap(NAME, wrapped.wrappedDek(), EncryptionContext.empty()))) {
      assertEquals(wrapped.kek(), unwrapped.kek());
      assertNotNull(unwrapped.kmsRequestId());
      assertEquals(dek, unwrapped.dek());
    }
  }

  private void assertRefused(Kek kek, KmsContext context) {
    byte[] encrypted = kek.encryptedPrivateKey();
    assertNotNull(encrypted);
    KmsFailure refused =
        assertThrows(
            KmsFailure.class,
            () ->
                await(kms.decryptPrivateKey(new KeyUse(kek.rootKey().key(), context), encrypted)));
    assertEquals(KmsFailure.Kind.CIPHERTEXT_REFUSED, refused.kind());
  }

  private static KeystoreSettings settings(String keyArn) {
    return new KeystoreSettings(
        "Calls",
        new RootKey.TenantManaged(KmsArn.parse(keyArn), null),
        KeyPairSpec.ECC_NIST_P256,
        RotationPeriod.NEVER,
        Duration.ZERO,
        OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK);
  }

  private static <T> T await(Soon<T> soon) {
    return await(soon.uni());
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
