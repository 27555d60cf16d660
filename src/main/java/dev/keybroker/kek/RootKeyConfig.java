package dev.keybroker.kek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// What a broker knows of its root keys: for each, KMS's last answer to this broker.
@ConfigMapping(prefix = "keybroker.root-key")
public interface RootKeyConfig {
  /// How long an answer of KMS stands for the state of a root key; where none is younger, the next
  /// wrap has a kms:DescribeKey made. A wrap of a keystore with FAIL_CLOSED waits for it, and has
  /// it made ahead from three quarters of this time. Above zero.
  @WithDefault("60s")
  Duration freshness();

  /// After a failure: how long until KMS is asked for the root key again. Wraps of a keystore with
  /// FAIL_CLOSED are refused meanwhile. Above zero.
  @WithDefault("1s")
  Duration retry();

  /// How many kms:DescribeKey a second a broker makes at most for keystores that go on with the
  /// last known KEK: no wrap waits for them, they are what tells that a wrap ran on one. 0 makes
  /// none; the state is then known from unwraps and rotations alone.
  @WithDefault("10")
  int backgroundRate();

  /// How many root keys are remembered, 1.2 KiB each; the least used go first. At least 1.
  @WithDefault("10000")
  long max();
}
