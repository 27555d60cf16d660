package dev.keybroker.kms;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A KMS key as one keystore uses it. What KMS answers to one use need not hold for another one: a
/// key policy may tell them apart by their encryption contexts.
///
/// Immutable; a key of maps on the path of every wrap, so it knows its hash.
public final class KeyUse {
  private final KmsKey key;
  private final KmsContext context;
  private final int hash;

  /// @param key by its key ARN, never an alias
  public KeyUse(KmsKey key, KmsContext context) {
    this.key = key;
    this.context = context;
    this.hash = Objects.hash(key, context);
  }

  public KmsKey key() {
    return key;
  }

  public KmsContext context() {
    return context;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof KeyUse that
            && hash == that.hash
            && key.equals(that.key)
            && context.equals(that.context));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return key + " " + context;
  }
}
