package dev.keybroker.keystore;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.GrantOperations;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.PolicyPrincipal;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Function;
import org.jboss.logging.Logger;

/// The grants by which the broker's own principal uses tenants' keys: keeps the tokens of new ones,
/// creates those that a tenant's role may create, and retires what is no longer used. Thread-safe.
@Singleton
public final class KeyGrants {
  private static final Logger LOG = Logger.getLogger(KeyGrants.class);
  private static final int BATCH = 100;

  /// When a grant that something still needs, or whose broker stopped, is looked at again.
  private static final Duration AGAIN = Duration.ofHours(1);

  private final Kms kms;
  private final KeystoreRepository keystores;
  private final KekHistory keks;
  private final RootKeyAccess access;
  private final KeystoreAdmin admin;
  private final Diagnosis diagnosis;
  private final GrantTokens tokens;
  private final GrantRetirements retirements;
  private final Backoff backoff;

  public KeyGrants(
      Kms kms,
      KeystoreRepository keystores,
      KekHistory keks,
      RootKeyAccess access,
      KeystoreAdmin admin,
      Diagnosis diagnosis,
      GrantTokens tokens,
      GrantRetirements retirements,
      Backoff backoff) {
    this.kms = kms;
    this.keystores = keystores;
    this.keks = keks;
    this.access = access;
    this.admin = admin;
    this.diagnosis = diagnosis;
    this.tokens = tokens;
    this.retirements = retirements;
    this.backoff = backoff;
  }

  /// A grant that was created.
  ///
  /// @param rootKey the root key that uses it
  /// @param key the key by its key ARN
  private record Created(RootKey rootKey, KmsKey key) {}

  /// Does work with a root key that has its grant. A grant that is created for the work and not
  /// used afterwards is retired. If it cannot be created, fails as the work does if the key cannot
  /// be used.
  ///
  /// @param saves whether the work saves the root key if it succeeds
  public <T> Uni<T> with(
      KeystoreName name,
      RootKey rootKey,
      GivenGrant given,
      boolean saves,
      Function<RootKey, Uni<T>> work) {
    if (given.create() && rootKey instanceof RootKey.TenantManaged key) {
      Uni<Created> creation =
          saves
              ? create(name, key, "")
              : admin
                  .limited(name.tenant())
                  .chain(() -> suffix(name))
                  .chain(suffix -> create(name, key, suffix));
      return creation.chain(created -> with(name, created, saves, work));
    }
    return Uni.createFrom()
        .deferred(
            () -> {
              if (given.token() != null) {
                tokens.keep(access.useByGrant(rootKey, name), given.token());
              }
              return work.apply(rootKey);
            });
  }

  private <T> Uni<T> with(
      KeystoreName name, Created created, boolean saves, Function<RootKey, Uni<T>> work) {
    return work.apply(created.rootKey())
        .onItemOrFailure()
        .call(
            (item, failure) ->
                saves && failure == null
                    ? Uni.createFrom().voidItem()
                    : retireUnlessUsed(name, created.key()))
        .onCancellation()
        .call(() -> saves ? Uni.createFrom().voidItem() : retireUnlessUsed(name, created.key()));
  }

  /// A grant that is created for a test of a keystore that does not exist must not be the one that
  /// a concurrent creation uses, since it is retired after the test.
  private Uni<String> suffix(KeystoreName name) {
    return keystores
        .find(name)
        .replaceWith("")
        .onFailure(KekFailure.UnknownKeystore.class)
        .recoverWithItem(() -> "/" + UUID.randomUUID());
  }

  /// @param suffix of the grant's name, by which KMS finds the equal grant of an earlier attempt
  private Uni<Created> create(KeystoreName name, RootKey.TenantManaged key, String suffix) {
    long start = System.nanoTime();
    return keystores
        .tenant(name.tenant())
        .chain(
            tenant -> {
              KeyUse byRole =
                  access.use(new RootKey.TenantManaged(key.arn(), key.roleArn()), tenant, name);
              return create(name, key, byRole, "keybroker/" + name + suffix)
                  .onFailure(KmsFailure.class)
                  .recoverWithUni(
                      failure ->
                          refused(
                              name,
                              byRole,
                              Duration.ofNanos(System.nanoTime() - start),
                              (KmsFailure) failure));
            });
  }

  private Uni<Created> create(
      KeystoreName name, RootKey.TenantManaged key, KeyUse byRole, String grantName) {
    return diagnosis
        .ownPrincipal()
        .map(PolicyPrincipal::of)
        .chain(
            principal ->
                kms.describe(byRole)
                    .chain(
                        described ->
                            kms.createGrant(
                                    byRole.of(described.keyArn()),
                                    grantName,
                                    principal,
                                    GrantOperations.of(described.inCustomKeyStore()))
                                .map(
                                    grant -> {
                                      RootKey granted =
                                          new RootKey.TenantManaged(
                                              key.arn(), key.roleArn(), grant.id());
                                      tokens.keep(access.useByGrant(granted, name), grant.token());
                                      return new Created(
                                          granted,
                                          new KmsKey(described.keyArn(), null, grant.id()));
                                    })));
  }

  private Uni<Created> refused(
      KeystoreName name, KeyUse byRole, Duration took, KmsFailure failure) {
    return diagnosis
        .of(failure, byRole)
        .map(error -> CheckResult.Step.failed(CheckResult.Kind.CREATE_GRANT, took, error, failure))
        .chain(step -> Uni.createFrom().failure(KeystoreAdmin.refusal(name, step)));
  }

  private Uni<Void> retireUnlessUsed(KeystoreName name, KmsKey key) {
    return keks.grants(name)
        .chain(
            used ->
                used.contains(key)
                    ? Uni.createFrom().voidItem()
                    : kms.retireGrant(key)
                        .onFailure(KmsFailure.class)
                        .recoverWithUni(() -> retirements.add(name, key)))
        .onFailure()
        .invoke(failure -> notRetired(name, key, failure))
        .onFailure()
        .recoverWithNull();
  }

  /// Retires the grants that nothing needs any more: those of former keys whose kept ciphertexts
  /// are erased, those of deleted keystores, and those that could not be retired before. Grants
  /// that the tenant created are the tenant's to retire: KMS refuses that to the broker, and the
  /// log names them. Fails with [dev.keybroker.kek.KekFailure] only.
  public Uni<Void> retireUnneeded() {
    return retirements
        .claim(BATCH, AGAIN)
        .onItem()
        .transformToMulti(grants -> Multi.createFrom().iterable(grants))
        .onItem()
        .transformToUniAndConcatenate(this::retire)
        .collect()
        .last();
  }

  private Uni<Void> retire(GrantRetirements.Unneeded grant) {
    return kms.retireGrant(grant.key())
        .chain(() -> retirements.end(grant.key()))
        .onFailure(KmsFailure.class)
        .recoverWithUni(failure -> refused(grant, (KmsFailure) failure));
  }

  private Uni<Void> refused(GrantRetirements.Unneeded grant, KmsFailure failure) {
    if (failure.kind() == KmsFailure.Kind.KEY_NOT_FOUND) {
      return retirements.end(grant.key());
    }
    notRetired(grant.keystore(), grant.key(), failure);
    return failure.kind() == KmsFailure.Kind.ACCESS_DENIED
        ? retirements.end(grant.key())
        : retirements.retry(grant, backoff.after(grant.failures() + 1));
  }

  private static void notRetired(KeystoreName name, KmsKey key, Throwable failure) {
    LOG.warnf(
        "the grant %s of %s, which %s no longer uses, was not retired: %s",
        key.grantId(), key.arn(), name, failure.getMessage());
  }
}
