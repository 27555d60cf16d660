package dev.keybroker.kek;

import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Estimates how many bytes a record takes in memory: its content, its objects, and what the cache
/// needs to hold it. Objects count as a 64-bit JVM with compressed references lays them out.
/// Nothing counts as shared, because a record from Redis shares nothing.
final class RecordSize {
  /// The cache's nodes and tables, the entry with its times, the key.
  private static final int HELD = 256;

  /// A record with its name, ARN, times and numbers, without their texts.
  private static final int OBJECTS = 512;

  /// A public key, on the heap or outside it, without its numbers.
  private static final int PUBLIC_KEY = 640;

  private static final int PROVENANCE = 80;
  private static final int TEXT = 48;
  private static final int BYTES = 24;

  private RecordSize() {}

  static int of(ActiveKek kek) {
    return HELD + OBJECTS + of(kek.name()) + of(kek.key()) + of(kek.rootKey());
  }

  static int of(Kek kek) {
    byte[] encrypted = kek.encryptedPrivateKey();
    return HELD
        + OBJECTS
        + of(kek.name())
        + of(kek.rootKey())
        + (encrypted == null ? 0 : BYTES + encrypted.length)
        + of(kek.provenance());
  }

  private static int of(@Nullable KekProvenance provenance) {
    return provenance == null ? 0 : PROVENANCE + BYTES + provenance.publicKey().length;
  }

  private static int of(KekName name) {
    return of(name.toString()) + of(name.keystore().tenant()) + of(name.keystore().keystore());
  }

  /// The encoded key, the numbers in it, the copy that the provider's object keeps, and the
  /// provider's memory outside the heap, about twice the key's size.
  private static int of(WrappingKey key) {
    return PUBLIC_KEY + of(key.fingerprint()) + 5 * (BYTES + key.subjectPublicKeyInfo().length);
  }

  private static int of(KeyUse use) {
    KmsArn arn = use.key().arn();
    AssumedRole role = use.key().role();
    return of(arn.partition())
        + of(arn.region())
        + of(arn.account())
        + of(arn.resource())
        + (use.key().grantId() == null ? 0 : of(use.key().grantId()))
        + (role == null ? 0 : of(role.roleArn()) + of(role.externalId()))
        + of(use.context());
  }

  private static int of(KmsContext context) {
    int size = BYTES;
    for (Map.Entry<String, String> pair : context.pairs().entrySet()) {
      size += 4 * Integer.BYTES + of(pair.getKey()) + of(pair.getValue());
    }
    return size;
  }

  private static int of(String text) {
    return TEXT + text.length();
  }
}
