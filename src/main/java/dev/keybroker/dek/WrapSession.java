package dev.keybroker.dek;

import dev.keybroker.crypto.EncapsulatedSecret;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;

/// An encapsulated secret of a KEK, used for a bounded time and number of DEKs.
///
/// The number is counted in stripes, one cache line each, so that threads do not contend for one
/// counter; the first used-up stripe ends the session, slightly before its bound.
final class WrapSession implements AutoCloseable {
  private static final int STRIPES = 16;
  private static final int INTS_PER_LINE = 32;

  /// From this number of DEKs on, the successor is made in advance, so that no wrap waits for it.
  static final int BUSY = 64;

  private final UUID kek;
  private final EncapsulatedSecret secret;
  private final long successorFrom;
  private final long expiresAt;
  private final int stripes;
  private final int deksPerStripe;
  private final AtomicIntegerArray used;
  private final AtomicBoolean successorBegun = new AtomicBoolean();

  /// @param now ticker time
  WrapSession(UUID kek, EncapsulatedSecret secret, long now, long lifetime, int maxDeks) {
    this.kek = kek;
    this.secret = secret;
    this.expiresAt = now + lifetime;
    this.successorFrom = expiresAt - lifetime / 4;
    this.stripes = Math.min(STRIPES, maxDeks);
    this.deksPerStripe = maxDeks / stripes;
    this.used = new AtomicIntegerArray(stripes * INTS_PER_LINE);
  }

  UUID kek() {
    return kek;
  }

  EncapsulatedSecret secret() {
    return secret;
  }

  /// Counts one DEK against the bound; false if the bound is reached.
  boolean take(long now) {
    if (now - expiresAt >= 0) {
      return false;
    }
    int stripe = (int) (Thread.currentThread().threadId() % stripes) * INTS_PER_LINE;
    // Check first: counting further on a used-up stripe would overflow in the end.
    return used.get(stripe) < deksPerStripe && used.incrementAndGet(stripe) <= deksPerStripe;
  }

  /// Whether the caller must make the successor: true once, at three quarters of a bound. Not at
  /// three quarters of the time if the session is rarely used: it may not need a successor.
  boolean wantsSuccessor(long now) {
    int stripe = (int) (Thread.currentThread().threadId() % stripes) * INTS_PER_LINE;
    int served = used.get(stripe);
    boolean late =
        served >= deksPerStripe - deksPerStripe / 4 || (served >= BUSY && now - successorFrom >= 0);
    return late && !successorBegun.get() && successorBegun.compareAndSet(false, true);
  }

  @Override
  public void close() {
    secret.close();
  }
}
