package dev.keybroker.embedded.kms;

import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Encrypts and decrypts under the material of KMS keys, and rotates it.
final class Materials {

  private final LocalState state;
  private final InstantSource clock;

  Materials(LocalState state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  /// Makes the first backing key of a new KMS key. To be called inside [LocalState#change].
  void create(KmsKey key) {
    state.materials.put(
        key.materialId(),
        new KeyMaterial(
            List.of(
                new KeyMaterial.BackingKey(
                    UUID.randomUUID(), RandomBytes.next(32), clock.instant(), null))));
  }

  /// Takes imported material for a key: the first, or the same again. To be called inside
  /// [LocalState#change].
  ///
  /// @throws AwsException (IncorrectKeyMaterialException) if the key had other material before
  void take(KmsKey key, byte[] bytes) {
    KeyMaterial known = state.materials.get(key.materialId());
    if (known == null) {
      state.materials.put(
          key.materialId(),
          new KeyMaterial(
              List.of(
                  new KeyMaterial.BackingKey(UUID.randomUUID(), bytes, clock.instant(), null))));
    } else if (!MessageDigest.isEqual(known.current().secret(), bytes)) {
      throw new AwsException("IncorrectKeyMaterialException", "");
    }
  }

  byte[] encrypt(KmsKey key, Map<String, String> context, byte[] plaintext) {
    rotateWhenDue(key);
    return Ciphertext.encrypt(state.sealingKey(), key, material(key).current(), context, plaintext);
  }

  byte[] decrypt(KmsKey key, Ciphertext ciphertext, Map<String, String> context) {
    return ciphertext.decrypt(material(key), context);
  }

  Ciphertext parse(byte[] blob) {
    return Ciphertext.parse(state.sealingKey(), blob);
  }

  /// Adds a backing key. To be called inside [LocalState#change].
  void rotate(KmsKey key, String rotationType, Instant at) {
    state.materials.put(
        key.materialId(),
        material(key)
            .rotatedTo(
                new KeyMaterial.BackingKey(
                    UUID.randomUUID(), RandomBytes.next(32), at, rotationType)));
  }

  /// Does the automatic rotation that has come due, if any. In a multi-Region set the primary key's
  /// setting counts for all.
  void rotateWhenDue(KmsKey key) {
    String owner =
        key.primaryRegion() == null
            ? key.arn()
            : Arns.key(key.account(), key.primaryRegion(), key.keyId());
    if (dueRotation(owner) != null) {
      state.change(
          () -> {
            for (KmsKey.Rotation due = dueRotation(owner); due != null; due = dueRotation(owner)) {
              rotate(key, "AUTOMATIC", due.next());
              Instant next = due.next().plus(Duration.ofDays(due.periodDays()));
              KmsKey.Rotation following = new KmsKey.Rotation(due.periodDays(), next);
              state.keys.computeIfPresent(owner, (arn, now) -> now.withRotation(following));
            }
            return key;
          });
    }
  }

  KeyMaterial material(KmsKey key) {
    KeyMaterial material = state.materials.get(key.materialId());
    if (material == null) {
      throw KmsErrors.keyNotFound(key.arn());
    }
    return material;
  }

  private KmsKey.@Nullable Rotation dueRotation(String keyArn) {
    KmsKey key = state.keys.get(keyArn);
    KmsKey.Rotation rotation = key == null ? null : key.rotation();
    return key != null
            && rotation != null
            && key.state() == KeyState.ENABLED
            && !clock.instant().isBefore(rotation.next())
        ? rotation
        : null;
  }
}
