package dev.keybroker.dek;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.NotAuthenticException;
import dev.keybroker.crypto.RecipientKey;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.WrappedDek;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.ActiveKeks;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekRecords;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.LastKnownKek;
import dev.keybroker.kek.PrivateKek;
import dev.keybroker.kek.PrivateKeks;
import dev.keybroker.kek.RootKeyAdmission;
import io.smallrye.mutiny.Uni;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The use cases of the data plane: wraps, unwraps and rewraps DEKs. Thread-safe and non-blocking.
///
/// Calls fail, now or later, with [DekFailure], [KekFailure] or [dev.keybroker.kms.KmsFailure]; a
/// retry is always safe.
public final class DekBroker {
  private final ActiveKeks activeKeks;
  private final KekRecords kekRecords;
  private final PrivateKeks privateKeks;
  private final DekWrapping wrapping;
  private final WrapSessions sessions;
  private final OpenedSecrets openedSecrets;
  private final UnwrapLane lane;
  private final RootKeyAdmission rootKeys;
  private final DekMetrics metrics;

  public DekBroker(
      ActiveKeks activeKeks,
      KekRecords kekRecords,
      PrivateKeks privateKeks,
      DekWrapping wrapping,
      WrapSessions sessions,
      OpenedSecrets openedSecrets,
      UnwrapLane lane,
      RootKeyAdmission rootKeys,
      DekMetrics metrics) {
    this.activeKeks = activeKeks;
    this.kekRecords = kekRecords;
    this.privateKeks = privateKeks;
    this.wrapping = wrapping;
    this.sessions = sessions;
    this.openedSecrets = openedSecrets;
    this.lane = lane;
    this.rootKeys = rootKeys;
    this.metrics = metrics;
  }

  /// Returns the keystore's ACTIVE public KEK, if its root key admits wraps.
  public Uni<ActiveKek> activeKek(KeystoreName keystore) {
    return activeKeks.active(keystore).chain(rootKeys::admit);
  }

  /// Wraps the caller's DEK of 16 to 64 bytes under the keystore's ACTIVE KEK. The broker takes
  /// ownership of the DEK and wipes it when the wrap ends.
  ///
  /// A wrap waits for KMS only if the keystore fails closed and its root key has not answered
  /// lately. If the KEK is in memory, the result is available now.
  public Soon<WrappedResult> wrap(
      KeystoreName keystore, SecretBytes dek, EncryptionContext context) {
    return wrapOwned(keystore, dek, context, false);
  }

  /// Generates a DEK and wraps it as [#wrap] does. The caller closes the result.
  ///
  /// @param size 16 to 64 bytes
  /// @param withPlaintext whether the result carries the DEK itself
  public Soon<WrappedResult> wrapNew(
      KeystoreName keystore, int size, boolean withPlaintext, EncryptionContext context) {
    return wrapOwned(keystore, wrapping.newDek(size), context, withPlaintext);
  }

  /// @param passedOn whether the result carries the DEK. Otherwise the DEK is wiped
  private Soon<WrappedResult> wrapOwned(
      KeystoreName keystore, SecretBytes dek, EncryptionContext context, boolean passedOn) {
    boolean owned = true;
    try {
      Soon<WrappedResult> wrapped = wrapActive(keystore, dek, context);
      Soon<WrappedResult> result = passedOn ? wrapped.map(it -> it.with(dek)) : wrapped;
      if (result instanceof Soon.Later<WrappedResult>(Uni<WrappedResult> uni)) {
        owned = false;
        return new Soon.Later<>(
            uni.onTermination()
                .invoke(
                    (item, failure, cancelled) -> {
                      if (item == null || !passedOn) {
                        dek.close();
                      }
                    }));
      }
      owned = !passedOn;
      return result;
    } finally {
      if (owned) {
        dek.close();
      }
    }
  }

  private Soon<WrappedResult> wrapActive(
      KeystoreName keystore, SecretBytes dek, EncryptionContext context) {
    return metrics.wrap(
        () -> {
          ActiveKek known = activeKeks.freshActive(keystore);
          if (known != null && !known.failClosed()) {
            return new Soon.Now<>(wrapUnder(known, true, dek, context));
          }
          return new Soon.Later<>(
              (known == null ? activeKek(keystore) : rootKeys.admit(known))
                  .map(kek -> wrapUnder(kek, false, dek, context)));
        });
  }

  /// @param fresh whether the KEK's record is known to be fresh
  private WrappedResult wrapUnder(
      ActiveKek kek, boolean fresh, SecretBytes dek, EncryptionContext context) {
    byte[] wrapped =
        metrics.wrapCrypto(
            kek.key().spec().encapsulation(), () -> sessions.wrap(kek, dek, context));
    LastKnownKek lastKnown = rootKeys.lastKnown(kek, fresh);
    if (lastKnown != null) {
      metrics.lastKnown(lastKnown);
    }
    return new WrappedResult(wrapped, kek.name(), null, lastKnown);
  }

  /// Unwraps a DEK with the KEK that it names, if that KEK belongs to this keystore. The caller
  /// closes the result. It is available now if the KEK and the secret of the encapsulation are in
  /// memory.
  public Soon<UnwrappedResult> unwrap(
      KeystoreName keystore, byte[] wrappedDek, EncryptionContext context) {
    return metrics.unwrap(wrappedDek, () -> unwrapUntimed(keystore, wrappedDek, context));
  }

  /// Unwraps a DEK as [#unwrap] does and seals it to a recipient's key, with the name of the KEK as
  /// additional authenticated data. The plaintext DEK does not leave this method.
  public Uni<SealedResult> unwrapSealed(
      KeystoreName keystore, byte[] wrappedDek, EncryptionContext context, RecipientKey recipient) {
    return Soon.uni(() -> unwrap(keystore, wrappedDek, context))
        .chain(
            unwrapped ->
                lane.run(metrics.carried(() -> sealed(unwrapped, recipient)))
                    .onTermination()
                    .invoke(unwrapped::close));
  }

  private SealedResult sealed(UnwrappedResult unwrapped, RecipientKey recipient) {
    byte[] aad = unwrapped.kek().toString().getBytes(StandardCharsets.UTF_8);
    return new SealedResult(
        wrapping.sealTo(recipient, unwrapped.dek(), aad),
        unwrapped.kek(),
        unwrapped.kmsRequestId(),
        unwrapped.bound());
  }

  private Soon<UnwrappedResult> unwrapUntimed(
      KeystoreName keystore, byte[] wrappedDek, EncryptionContext context) {
    WrappedDek parsed;
    try {
      parsed = WrappedDek.parse(wrappedDek);
    } catch (NotAuthenticException e) {
      return new Soon.Later<>(notAuthentic(keystore));
    }
    Kek known = kekRecords.freshKek(parsed.kekId());
    return known == null
        ? new Soon.Later<>(
            kekRecords
                .kek(parsed.kekId())
                .onFailure(KekFailure.UnknownKek.class)
                .recoverWithUni(() -> notAuthentic(keystore))
                .chain(kek -> unwrapOf(keystore, kek, parsed, context).uni()))
        : unwrapOf(keystore, known, parsed, context);
  }

  private Soon<UnwrappedResult> unwrapOf(
      KeystoreName keystore, Kek kek, WrappedDek parsed, EncryptionContext context) {
    if (!kek.name().keystore().equals(keystore)
        || kek.spec().encapsulation() != parsed.encapsulation()) {
      return new Soon.Later<>(notAuthentic(keystore));
    }
    return unwrapWith(kek, parsed, context);
  }

  /// All refusals are alike, except that an unknown keystore has its own.
  private <T> Uni<T> notAuthentic(KeystoreName keystore) {
    return activeKeks
        .active(keystore)
        .onFailure(KekFailure.NoActiveKek.class)
        .recoverWithNull()
        .chain(kek -> Uni.createFrom().failure(new DekFailure.NotAuthentic()));
  }

  /// The reason why the state of a KEK admits no unwrap; null if it admits one.
  private static @Nullable RuntimeException refusal(Kek kek) {
    return switch (kek.state()) {
      case ACTIVE, RETIRED -> null;
      case DISABLED, DESTROY_SCHEDULED -> new KekFailure.Disabled(kek.name(), kek.destroyTime());
      case DESTROYED -> new KekFailure.Destroyed(kek.name());
      case PENDING_GENERATION -> new DekFailure.NotAuthentic();
    };
  }

  private Soon<UnwrappedResult> unwrapWith(Kek kek, WrappedDek wrapped, EncryptionContext context) {
    RuntimeException refusal = refusal(kek);
    if (refusal != null) {
      throw refusal;
    }
    byte[] encapsulated;
    try {
      encapsulated = wrapped.encapsulated(kek.spec());
      UnwrappedResult opened = unwrapOpened(kek, encapsulated, wrapped, context);
      if (opened != null) {
        return new Soon.Now<>(opened);
      }
    } catch (NotAuthenticException e) {
      throw new DekFailure.NotAuthentic();
    }
    // Under overload thousands of unwraps a second are refused, so no Uni is made and KMS is not
    // called for one.
    lane.admit();
    return new Soon.Later<>(
        onLane(kek, encapsulated, wrapped, context)
            .onFailure(WipedMeanwhile.class)
            // The key expired between the look-up and its use: retry once, starting with the
            // record.
            .recoverWithUni(() -> onLaneAgain(kek.name().id(), encapsulated, wrapped, context)));
  }

  private Uni<UnwrappedResult> onLane(
      Kek kek, byte[] encapsulated, WrappedDek wrapped, EncryptionContext context) {
    return privateKeks
        .privateKek(kek)
        .chain(
            privateKek ->
                lane.run(
                        metrics.carried(
                            () -> unwrapNow(kek, privateKek, encapsulated, wrapped, context)))
                    .onTermination()
                    .invoke(privateKek::close));
  }

  private Uni<UnwrappedResult> onLaneAgain(
      UUID kekId, byte[] encapsulated, WrappedDek wrapped, EncryptionContext context) {
    return kekRecords
        .kek(kekId)
        .chain(
            kek -> {
              RuntimeException refusal = refusal(kek);
              return refusal == null
                  ? onLane(kek, encapsulated, wrapped, context)
                  : Uni.createFrom().failure(refusal);
            })
        .onFailure(WipedMeanwhile.class)
        // Expired twice: the lane takes longer than the keys may live.
        .transform(wiped -> new DekFailure.Overloaded());
  }

  /// Unwraps on the caller's thread if the secret is in memory; null if it is not.
  private @Nullable UnwrappedResult unwrapOpened(
      Kek kek, byte[] encapsulated, WrappedDek wrapped, EncryptionContext context)
      throws NotAuthenticException {
    OpenedSecrets.Opened opened = openedSecrets.get(kek, encapsulated);
    if (opened == null) {
      return null;
    }
    SecretBytes dek;
    try {
      dek =
          metrics.unwrapCrypto(
              kek.spec().encapsulation(),
              () -> wrapping.open(kek.spec(), opened.z(), wrapped, context));
    } catch (IllegalStateException e) {
      return null;
    }
    if (openedSecrets.isExpired(opened, kek)) {
      dek.close();
      return null;
    }
    privateKeks.used(kek);
    return new UnwrappedResult(
        dek,
        kek.name(),
        null,
        () -> openedSecrets.isExpired(opened, kek) && !privateKeks.isHeld(kek));
  }

  private UnwrappedResult unwrapNow(
      Kek kek,
      PrivateKek privateKek,
      byte[] encapsulated,
      WrappedDek wrapped,
      EncryptionContext context) {
    SecretBytes dek;
    try {
      dek =
          metrics.unwrapCrypto(
              kek.spec().encapsulation(),
              () -> decapsulateAndOpen(kek, privateKek, encapsulated, wrapped, context));
    } catch (NotAuthenticException e) {
      throw new DekFailure.NotAuthentic();
    } catch (IllegalStateException e) {
      throw new WipedMeanwhile();
    }
    if (privateKek.isExpired()) {
      dek.close();
      throw new WipedMeanwhile();
    }
    return new UnwrappedResult(
        dek,
        kek.name(),
        privateKek.requestId(),
        () -> privateKek.isExpired() && !privateKeks.isHeld(kek));
  }

  private SecretBytes decapsulateAndOpen(
      Kek kek,
      PrivateKek privateKek,
      byte[] encapsulated,
      WrappedDek wrapped,
      EncryptionContext context)
      throws NotAuthenticException {
    SecretBytes z = wrapping.encapsulator().decapsulate(privateKek.key(), encapsulated);
    boolean kept = false;
    try {
      SecretBytes dek = wrapping.open(kek.spec(), z, wrapped, context);
      if (privateKek.isKept()) {
        openedSecrets.put(kek, encapsulated, z, privateKek);
        kept = true;
      }
      return dek;
    } finally {
      if (!kept) {
        z.close();
      }
    }
  }

  /// Moves a wrapped DEK to the ACTIVE KEK of the destination. The plaintext DEK does not leave
  /// this method.
  public Uni<RewrappedResult> rewrap(
      KeystoreName source, byte[] wrappedDek, EncryptionContext context, KeystoreName destination) {
    return Soon.uni(() -> unwrap(source, wrappedDek, context))
        .chain(
            unwrapped ->
                Soon.uni(() -> wrapActive(destination, unwrapped.dek(), context))
                    .map(
                        wrapped ->
                            new RewrappedResult(
                                wrapped.wrappedDek(),
                                unwrapped.kek(),
                                wrapped.kek(),
                                unwrapped.bound()))
                    .onTermination()
                    .invoke(unwrapped::close));
  }

  private static final class WipedMeanwhile extends RuntimeException {
    WipedMeanwhile() {
      super("private KEK was wiped before its use", null, false, false);
    }
  }
}
