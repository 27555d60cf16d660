package dev.keybroker.kek;

/// The state of a KEK in its life cycle. Exactly one KEK of a keystore is [#ACTIVE].
public enum KekState {
  /// The intent is written; KMS may or may not have been called. Neither wraps nor unwraps.
  PENDING_GENERATION,
  /// Wraps and unwraps.
  ACTIVE,
  /// Unwraps only: a successor is active.
  RETIRED,
  /// Neither wraps nor unwraps until it is enabled again.
  DISABLED,
  /// Like DISABLED, and its private key is erased at the destroy time unless the KEK is restored
  /// first.
  DESTROY_SCHEDULED,
  /// The encrypted private key is erased: what was wrapped under this KEK is lost.
  DESTROYED;

  /// Whether a wrapped DEK of a KEK in this state may be unwrapped.
  public boolean unwraps() {
    return this == ACTIVE || this == RETIRED;
  }
}
