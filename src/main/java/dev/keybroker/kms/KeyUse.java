package dev.keybroker.kms;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A KMS key as one keystore uses it: the key, how the broker reaches it, and the encryption
/// context of its calls. KMS may answer two uses of the same key differently, because a key policy
/// can distinguish them by their encryption contexts.
///
/// Immutable. It is a map key on the path of every wrap, so it stores its hash.
public final class KeyUse {
  private final KmsKey key;
  private final KmsContext context;
  private final int hash;

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

  /// Returns the same use of a key that was named differently: an alias, or another region's
  /// replica.
  public KeyUse of(KmsArn arn) {
    return arn.equals(key.arn()) ? this : new KeyUse(key.of(arn), context);
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
