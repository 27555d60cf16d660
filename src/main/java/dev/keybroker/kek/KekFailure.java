package dev.keybroker.kek;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The reason why a KEK could not be read or used. Has no stack trace, because a refusal is an
/// answer and not a fault.
public abstract sealed class KekFailure extends RuntimeException {
  private KekFailure(String message) {
    super(message, null, false, false);
  }

  /// There is no keystore of this name.
  public static final class UnknownKeystore extends KekFailure {
    private final transient KeystoreName keystore;

    public UnknownKeystore(KeystoreName keystore) {
      super("unknown keystore");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// The keystore exists, but has no ACTIVE KEK.
  public static final class NoActiveKek extends KekFailure {
    private final transient KeystoreName keystore;

    public NoActiveKek(KeystoreName keystore) {
      super("keystore has no active KEK");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// PostgreSQL knows no KEK of this name or id.
  public static final class UnknownKek extends KekFailure {
    private final transient @Nullable KekName kek;

    /// Used if only the id is known.
    public UnknownKek() {
      this(null);
    }

    public UnknownKek(@Nullable KekName kek) {
      super("unknown KEK");
      this.kek = kek;
    }

    public @Nullable KekName kek() {
      return kek;
    }
  }

  /// The KEK is disabled, or scheduled for destruction.
  public static final class Disabled extends KekFailure {
    private final transient KekName kek;
    private final transient @Nullable Instant destroyTime;

    public Disabled(KekName kek) {
      this(kek, null);
    }

    /// @param destroyTime when its private key will be erased; null if that is not scheduled or not
    ///     known
    public Disabled(KekName kek, @Nullable Instant destroyTime) {
      super("KEK is disabled");
      this.kek = kek;
      this.destroyTime = destroyTime;
    }

    public @Nullable Instant destroyTime() {
      return destroyTime;
    }

    public KekName kek() {
      return kek;
    }
  }

  /// The KEK's private key is erased.
  public static final class Destroyed extends KekFailure {
    private final transient KekName kek;

    public Destroyed(KekName kek) {
      super("KEK is destroyed");
      this.kek = kek;
    }

    public KekName kek() {
      return kek;
    }
  }

  /// The KEK's state does not allow this change.
  public static final class StateInvalid extends KekFailure {
    private final transient KekName kek;
    private final KekState state;

    public StateInvalid(KekName kek, KekState state) {
      super("KEK is " + state);
      this.kek = kek;
      this.state = state;
    }

    public KekName kek() {
      return kek;
    }

    public KekState state() {
      return state;
    }
  }

  /// The clocks of this broker and of PostgreSQL differ by more than a minute, so neither can be
  /// trusted to decide when to erase a private key.
  public static final class ClockSkew extends KekFailure {
    public ClockSkew() {
      super("the clocks of this broker and of PostgreSQL differ by more than a minute");
    }
  }

  /// Neither memory nor Redis has the record, and PostgreSQL does not answer. A retry is safe.
  public static final class StoreUnavailable extends KekFailure {
    public StoreUnavailable() {
      super("store unavailable");
    }
  }
}
