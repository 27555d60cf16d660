package dev.keybroker.audit;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What is recorded, when, and for how long.
@ConfigMapping(prefix = "keybroker.audit")
public interface AuditConfig {
  /// Wraps and reads of public KEKs: `off`, `async` (recorded soon after the answer, never waited
  /// for) or `durable` (recorded in PostgreSQL before the answer is released).
  @WithDefault("async")
  AuditMode wraps();

  /// Unwraps: `durable` or `async`. `async` releases DEKs while PostgreSQL is away, with records
  /// that may be lost. `off` is refused at start unless `keybroker.insecure` is set.
  @WithDefault("durable")
  AuditMode unwraps();

  /// Rewraps: as unwraps.
  @WithDefault("durable")
  AuditMode rewraps();

  /// Calls of the control plane and of the audit query: as unwraps.
  @WithDefault("durable")
  AuditMode controlPlane();

  /// The keys of the encryption context whose values a record shows, e.g. `recording-id`. Of all
  /// other pairs it holds the digest only. A value longer than 256 characters is cut. Absent: no
  /// values.
  Optional<List<String>> loggableContextKeys();

  /// How long a `durable` call waits for its record before it fails with AUDIT_UNAVAILABLE. At
  /// least 10 ms.
  @WithDefault("2s")
  Duration commitTimeout();

  /// The most records in one commit. At least 1.
  @WithDefault("1000")
  int batch();

  /// The most records that wait for a commit: so many of durable calls, and so many of all others.
  /// What is above is refused, or lost and counted. About 1 kB each. At least 1.
  @WithDefault("20000")
  int queue();

  /// The key of the hash chain's MAC: at least 32 bytes, base64, the same for all brokers of a
  /// deployment. With it, who writes to PostgreSQL without it cannot make a chain that verifies.
  /// Absent: the chain is of plain SHA-256.
  Optional<String> macKey();

  /// How often the head of the chain is written to the log and to the table of checkpoints, where
  /// it moved. At least 1 s.
  @WithDefault("1m")
  Duration checkpointEvery();

  /// How long records are kept; whole days are dropped once all of them are older. At least 1 day.
  /// Absent: for ever.
  Optional<Duration> retention();

  /// How far an audit query without a start time looks back. At least 1 s.
  @WithDefault("31d")
  Duration queryWindow();

  /// How long PostgreSQL may work on an audit query before the query is ended with
  /// AUDIT_QUERY_TOO_LARGE. At least 10 ms.
  @WithDefault("5s")
  Duration queryTimeout();

  /// Where records go as JSON lines besides PostgreSQL, for log shippers: `off`, `stdout` or
  /// `file:` and a path.
  @WithDefault("off")
  String stream();

  /// How long the shutdown waits for the records that are not yet committed. Zero: not at all.
  @WithDefault("5s")
  Duration shutdownTimeout();
}
