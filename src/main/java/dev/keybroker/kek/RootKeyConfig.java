package dev.keybroker.kek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// What a broker knows of its root keys: for each, KMS's last answer to this broker.
@ConfigMapping(prefix = "keybroker.root-key")
public interface RootKeyConfig {
  /// How long KMS's answer to a kms:Decrypt stands for the state of a root key. If none is younger,
  /// the next wrap makes a dry run of one. A wrap of a keystore with FAIL_CLOSED waits for it, and
  /// makes it ahead from three quarters of this time. Above zero.
  @WithDefault("60s")
  Duration freshness();

  /// After a failure: how long wraps of a keystore with FAIL_CLOSED are refused without asking KMS
  /// again. The first wrap after it waits for a new answer. Above zero.
  @WithDefault("1s")
  Duration retry();

  /// How many dry runs of kms:Decrypt a second a broker makes at most for keystores that go on
  /// with the last known KEK. No wrap waits for them; they show that a wrap ran on one. 0 makes
  /// none: the state is then known from unwraps alone.
  @WithDefault("10")
  int backgroundRate();

  /// How many root keys are remembered, 1.2 KiB each; the least used go first. At least 1.
  @WithDefault("10000")
  long max();
}
