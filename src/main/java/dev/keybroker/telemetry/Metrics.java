package dev.keybroker.telemetry;

/// The names of every meter and tag of the broker. Each has its row in `src/docs/telemetry.md`; tag
/// values are bounded.
public final class Metrics {
  /// Timer: a DEK wrapped, from the use case's start to its result. Tags: [#ENCAPSULATION],
  /// [#OUTCOME].
  public static final String WRAP = "keybroker.wrap";

  /// Timer: a DEK unwrapped. Tags: [#ENCAPSULATION], [#OUTCOME].
  public static final String UNWRAP = "keybroker.unwrap";

  /// Timer: the cryptographic part alone. Tags: [#OPERATION] (`wrap`, `unwrap`), [#ENCAPSULATION].
  public static final String CRYPTO = "keybroker.crypto";

  /// Counter: a read of a KEK record answered by a tier. Tags: [#RECORD], [#TIER], [#RESULT].
  public static final String KEK_READS = "keybroker.kek.reads";

  /// Counter: Redis entries whose MAC is wrong. Anything but 0 means that somebody else writes to
  /// Redis.
  public static final String KEK_FORGED = "keybroker.kek.forged";

  /// Counter: private KEKs asked for. Tags: [#RESULT] (`hit`, `miss`, `refresh`).
  public static final String PRIVATE_KEK_READS = "keybroker.private.kek.reads";

  /// Gauge: private KEKs in memory.
  public static final String PRIVATE_KEKS = "keybroker.private.keks";

  /// Timer: calls of the key management service. Tags: [#OPERATION], [#OUTCOME].
  public static final String KMS_CALLS = "keybroker.kms.calls";

  /// Gauge: private-key operations that wait for a thread of the unwrap lane.
  public static final String UNWRAP_LANE_QUEUE = "keybroker.unwrap.lane.queue";

  /// Counter: private-key operations refused because the unwrap lane was full.
  public static final String UNWRAP_LANE_SHED = "keybroker.unwrap.lane.shed";

  public static final String ENCAPSULATION = "encapsulation";
  public static final String OPERATION = "operation";
  public static final String OUTCOME = "outcome";
  public static final String RECORD = "record";
  public static final String RESULT = "result";
  public static final String TIER = "tier";

  private Metrics() {}
}
