package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.UnwrappingKey;
import org.jspecify.annotations.Nullable;

/// A decrypted private KEK for one use. Thread-safe.
///
/// The key may be wiped at any time, because its bound is reached or its KEK was disabled. Using it
/// then throws an [IllegalStateException], and the caller asks [PrivateKeks] again.
public final class PrivateKek implements AutoCloseable {
  private final UnwrappingKey key;
  private final long decryptedAt;
  private final long expiresAt;
  private final Ticker ticker;
  private final boolean forThisUseOnly;
  private final @Nullable String requestId;

  PrivateKek(
      UnwrappingKey key,
      long decryptedAt,
      long expiresAt,
      Ticker ticker,
      boolean forThisUseOnly,
      @Nullable String requestId) {
    this.key = key;
    this.decryptedAt = decryptedAt;
    this.expiresAt = expiresAt;
    this.ticker = ticker;
    this.forThisUseOnly = forThisUseOnly;
    this.requestId = requestId;
  }

  public UnwrappingKey key() {
    return key;
  }

  /// Whether the bound, counted from the KMS Decrypt, is reached. What was unwrapped after it must
  /// not be released.
  public boolean isExpired() {
    return !forThisUseOnly && ticker.read() - expiresAt >= 0;
  }

  /// Whether the key is kept in memory for others, until [#expiresAt]. If it is not, nothing that
  /// depends on it may be kept either.
  public boolean isKept() {
    return !forThisUseOnly;
  }

  /// Ticker time of the start of the KMS Decrypt.
  public long decryptedAt() {
    return decryptedAt;
  }

  /// Ticker time of the bound.
  public long expiresAt() {
    return expiresAt;
  }

  /// The request id of the KMS Decrypt that this use caused; null if the key was in memory.
  public @Nullable String requestId() {
    return requestId;
  }

  /// Wipes the key, unless it is kept in memory for others.
  @Override
  public void close() {
    if (forThisUseOnly) {
      key.close();
    }
  }
}
