package dev.keybroker.postgres;

/// The clocks of this broker and of the database are more than a minute apart.
public final class ClocksDisagree extends RuntimeException {
  ClocksDisagree() {
    super(
        "the clocks of this broker and of PostgreSQL differ by more than a minute",
        null,
        false,
        false);
  }
}
