package dev.keybroker.audit;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Settings of the audit trail: what is recorded, when, and for how long.
@ConfigMapping(prefix = "keybroker.audit")
public interface AuditConfig {
  /// Wraps and reads of public KEKs: `off`, `async` (recorded shortly after the response, without
  /// waiting) or `durable` (recorded in PostgreSQL before the response is released).
  @WithDefault("async")
  AuditMode wraps();

  /// Unwraps: `durable` or `async`. With `async`, the broker releases DEKs while PostgreSQL is
  /// unavailable, and their records may be lost. The broker refuses to start with `off` unless
  /// `keybroker.insecure` is set.
  @WithDefault("durable")
  AuditMode unwraps();

  /// Rewraps: like unwraps.
  @WithDefault("durable")
  AuditMode rewraps();

  /// Calls of the control plane and of the audit query: like unwraps.
  @WithDefault("durable")
  AuditMode controlPlane();

  /// The keys of the encryption context whose values records show, e.g. `recording-id`. All other
  /// pairs are covered only by the digest. Values are cut to 256 characters. If absent, records
  /// show no values.
  Optional<List<String>> loggableContextKeys();

  /// How long a `durable` call waits for its record before it fails with AUDIT_UNAVAILABLE.
  @WithDefault("2s")
  @Bounds(atLeast = "10 ms")
  Duration commitTimeout();

  /// The maximum number of records in one commit.
  @WithDefault("1000")
  @Bounds(atLeast = "1")
  int batch();

  /// The maximum number of records that wait for a commit. It applies separately to durable calls
  /// and to all others. Beyond it, durable calls are refused; other records are lost and counted.
  /// About 1 kB each.
  @WithDefault("20000")
  @Bounds(atLeast = "1")
  int queue();

  /// The MAC key of the hash chain: at least 32 bytes, in base64, the same for all brokers of a
  /// deployment. An attacker with write access to PostgreSQL but without this key cannot forge a
  /// chain that verifies. If absent, the chain uses plain SHA-256.
  @Bounds(macKey = true)
  Optional<String> macKey();

  /// How often the head of the chain is written to the log and to the table of checkpoints, if it
  /// has changed.
  @WithDefault("1m")
  @Bounds(atLeast = "1 s")
  Duration checkpointEvery();

  /// How long records are kept. A day is dropped as a whole, once all its records are older. If
  /// absent, records are kept for ever.
  @Bounds(atLeast = "1 day")
  Optional<Duration> retention();

  /// How far an audit query without a start time looks back.
  @WithDefault("31d")
  @Bounds(atLeast = "1 s")
  Duration queryWindow();

  /// How long PostgreSQL may work on an audit query before the query fails with
  /// AUDIT_QUERY_TOO_LARGE.
  @WithDefault("5s")
  @Bounds(atLeast = "10 ms")
  Duration queryTimeout();

  /// Where records are also written as JSON lines, for log shippers.
  @WithDefault("off")
  @Bounds(pattern = "off|stdout|file:.+", form = "`off`, `stdout` or `file:` and a path")
  String stream();

  /// How long the shutdown waits for records that are not committed yet. Zero means that it does
  /// not wait.
  @WithDefault("5s")
  @Bounds(atLeast = "0")
  Duration shutdownTimeout();
}
