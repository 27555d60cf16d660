package dev.keybroker.kms;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// How much of the broker one keystore's root key may take up, and when the broker stops calling it
/// for a while. Each class of calls (key pair generation, encrypt, decrypt, describe) has its own
/// limits and its own breaker.
@ConfigMapping(prefix = "keybroker.kms-guard")
public interface KmsGuardConfig {
  /// How many calls of one class, for one root key of one keystore, may be under way at once. Keep
  /// it a small part of `keybroker.aws.max-concurrency`, or a few keys that hang take all
  /// connections.
  @WithDefault("16")
  @Bounds(atLeast = "1")
  int concurrency();

  /// How many more calls may wait for their turn. Further calls are refused at once with
  /// ROOT_KEY_BUSY. 0 lets none wait.
  @WithDefault("64")
  @Bounds(atLeast = "0")
  int queue();

  /// How many of the newest calls of one class the breaker judges by.
  @WithDefault("4")
  @Bounds(atLeast = "1")
  int breakerCalls();

  /// The fraction of those newest calls (`breaker-calls`) that must fail for the breaker to open. A
  /// call counts as failed only if KMS does not answer, reports an internal error or throttles the
  /// call. A refusal is an answer.
  @WithDefault("0.75")
  @Bounds(above = "0", atMost = "1")
  double breakerRatio();

  /// How long an open breaker refuses calls before it lets one try.
  @WithDefault("1s")
  @Bounds(above = "0")
  Duration breakerDelay();

  /// For how many classes of calls of root keys the limits and breakers are kept, 2 KiB each. The
  /// least used are dropped first. Set it above the number of root keys in use, or breakers lose
  /// their state.
  @WithDefault("6000")
  @Bounds(atLeast = "1")
  long max();
}
