package dev.keybroker.kms;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The bulkheads: how much of the broker one keystore's root key may take up, and when it is not
/// asked for a while. Each class of calls (key pair generation, encrypt, decrypt, describe) has its
/// own limits and its own breaker.
@ConfigMapping(prefix = "keybroker.kms-guard")
public interface KmsGuardConfig {
  /// How many calls of one class, for one root key of one keystore, may be under way at once. At
  /// least 1, and a small part of `keybroker.aws.max-concurrency`, or a few keys that hang take
  /// all connections.
  @WithDefault("16")
  int concurrency();

  /// How many more may wait for that; what is above is refused at once with ROOT_KEY_BUSY. 0 lets
  /// none wait.
  @WithDefault("64")
  int queue();

  /// How many calls of one class, the newest ones, the breaker judges by. At least 1.
  @WithDefault("4")
  int breakerCalls();

  /// Which part of them has to fail for the breaker to open: above 0, at most 1. Only calls without
  /// an answer, answered by an error of KMS itself, or throttled count as failed. A refusal is an
  /// answer.
  @WithDefault("0.75")
  double breakerRatio();

  /// How long an open breaker refuses calls before it lets one try. Above zero.
  @WithDefault("1s")
  Duration breakerDelay();

  /// For how many classes of calls of root keys all this is kept, 2 KiB each; the least used go
  /// first. At least 1; above the number of root keys in use, or breakers forget.
  @WithDefault("6000")
  long max();
}
