package dev.keybroker.telemetry;

/// The names of every meter and tag of the broker. Each has its row in `src/docs/telemetry.md`; tag
/// values are bounded.
public final class Metrics {
  /// Timer: a DEK wrapped, from the use case's start to its result. Tags: [#ENCAPSULATION],
  /// [#OUTCOME].
  public static final String WRAP = "keybroker.wrap";

  /// Counter: a DEK wrapped under a last known KEK. Tags: [#CAUSE].
  public static final String WRAP_LAST_KNOWN = "keybroker.wrap.last.known";

  /// Timer: a DEK unwrapped. Tags: [#ENCAPSULATION], [#OUTCOME].
  public static final String UNWRAP = "keybroker.unwrap";

  /// Timer: the cryptographic part alone. Tags: [#OPERATION] (`wrap`, `unwrap`), [#ENCAPSULATION].
  public static final String CRYPTO = "keybroker.crypto";

  /// Counter: reads of KEK records, by the tier that answered. Tags: [#RECORD], [#TIER], [#RESULT].
  public static final String KEK_READS = "keybroker.kek.reads";

  /// Gauge: seconds since the start of the last read of the feed of changes.
  public static final String KEK_FEED_AGE = "keybroker.kek.feed.age";

  /// Counter: Redis entries with a wrong MAC. Any value except 0 means that something else writes
  /// to Redis.
  public static final String KEK_FORGED = "keybroker.kek.forged";

  /// Counter: KEKs whose row was missing in PostgreSQL and was restored from a cached record.
  public static final String KEK_RESTORED = "keybroker.kek.restored";

  /// Counter: new KEKs that were announced without a copy of their record in Redis.
  public static final String KEK_UNCOPIED = "keybroker.kek.uncopied";

  /// Counter: KEKs whose private key was moved to another root key. Tags: [#WAY].
  public static final String KEK_RE_ENCRYPTED = "keybroker.kek.re.encrypted";

  /// Counter: re-encryptions of keystores that ended. Tags: [#OUTCOME] (`completed`, `failed`).
  public static final String RE_ENCRYPTIONS = "keybroker.re.encryptions";

  /// Counter: requests for private KEKs. Tags: [#RESULT] (`hit`, `miss`, `refresh`).
  public static final String PRIVATE_KEK_READS = "keybroker.private.kek.reads";

  /// Gauge: private KEKs in memory.
  public static final String PRIVATE_KEKS = "keybroker.private.keks";

  /// Timer: calls of the key management service. Tags: [#OPERATION], [#OUTCOME].
  public static final String KMS_CALLS = "keybroker.kms.calls";

  /// Gauge: uses of root keys (each of one keystore, in one class of calls) whose circuit breaker
  /// is not closed. Tags: [#OPERATION].
  public static final String KMS_BREAKERS_OPEN = "keybroker.kms.breakers.open";

  /// Counter: calls of KMS that the broker refused to make. Tags: [#CAUSE].
  public static final String KMS_SHED = "keybroker.kms.shed";

  /// Timer: how long a call of KMS waited for its share of the request quota. Tags: [#URGENCY].
  public static final String KMS_QUOTA_WAIT = "keybroker.kms.quota.wait";

  /// Counter: calls of KMS refused because their share of the request quota is used up. Tags:
  /// [#LIMIT].
  public static final String KMS_QUOTA_REFUSED = "keybroker.kms.quota.refused";

  /// Counter: calls of KMS admitted or put off by this broker's own part of a request quota, since
  /// PostgreSQL did not answer.
  public static final String KMS_QUOTA_LOCAL = "keybroker.kms.quota.local";

  /// Counter: calls of KMS for a multi-Region key that went to another region, since this one does
  /// not answer. Tags: [#REGION].
  public static final String KMS_FAILOVERS = "keybroker.kms.failovers";

  /// Gauge: private-key operations that wait for a thread of the unwrap lane.
  public static final String UNWRAP_LANE_QUEUE = "keybroker.unwrap.lane.queue";

  /// Counter: private-key operations refused because they would have waited too long.
  public static final String UNWRAP_LANE_SHED = "keybroker.unwrap.lane.shed";

  /// Counter: audit records committed. Tags: [#MODE], [#OUTCOME].
  public static final String AUDIT_RECORDS = "keybroker.audit.records";

  /// Counter: audit records that are in no chain, because they did not fit into memory while
  /// PostgreSQL was unavailable, or because the broker stopped first.
  public static final String AUDIT_LOST = "keybroker.audit.lost";

  /// Counter: responses withheld although their calls were granted.
  public static final String AUDIT_WITHHELD = "keybroker.audit.withheld";

  /// Timer: commits of audit records, including failed attempts. Tags: [#OUTCOME].
  public static final String AUDIT_FLUSH = "keybroker.audit.flush";

  /// Summary: audit records per commit.
  public static final String AUDIT_BATCH = "keybroker.audit.batch";

  /// Gauge: audit records that wait for a commit.
  public static final String AUDIT_QUEUE = "keybroker.audit.queue";

  /// Gauge: the age in seconds of the oldest audit record that is not committed.
  public static final String AUDIT_LAG = "keybroker.audit.lag";

  /// Counter: chains given up because their last record in PostgreSQL was not the one that this
  /// broker wrote.
  public static final String AUDIT_CHAIN_BROKEN = "keybroker.audit.chain.broken";

  /// Counter: audit records that the JSON stream did not take in time.
  public static final String AUDIT_STREAM_LOST = "keybroker.audit.stream.lost";

  /// Counter: audit records delivered to the data stream, repeated ones included.
  public static final String AUDIT_DELIVERED = "keybroker.audit.delivered";

  /// Timer: puts to the data stream. Tags: [#OUTCOME].
  public static final String AUDIT_DELIVERY_PUTS = "keybroker.audit.delivery.puts";

  /// Gauge: committed audit records that the data stream does not have, in the whole deployment.
  public static final String AUDIT_DELIVERY_BACKLOG = "keybroker.audit.delivery.backlog";

  /// Gauge: the age in seconds of the oldest record that this broker has claimed and the data
  /// stream does not have.
  public static final String AUDIT_DELIVERY_AGE = "keybroker.audit.delivery.age";

  /// Gauge: 1 if the thread that commits audit records has ended although the broker is running,
  /// otherwise 0.
  public static final String AUDIT_STOPPED = "keybroker.audit.stopped";

  /// Gauge: 1 while the schema of PostgreSQL is not the one that this version needs, otherwise 0.
  public static final String SCHEMA_WAITING = "keybroker.schema.waiting";

  /// Gauge: threads of the unwrap lane.
  public static final String UNWRAP_LANE_THREADS = "keybroker.unwrap.lane.threads";

  /// Gauge: keystores whose KEK rotation is late by an hour or more, in the whole deployment.
  public static final String ROTATIONS_OVERDUE = "keybroker.rotations.overdue";

  /// Gauge: by how many seconds this broker's clock is ahead of the database's; negative if it is
  /// behind.
  public static final String CLOCK_SKEW = "keybroker.clock.skew";

  /// Gauge: when the first of the gRPC port's certificates expires, as Unix time in seconds. Only
  /// with TLS.
  public static final String TLS_CERTIFICATE_EXPIRY = "keybroker.tls.certificate.expiry";

  /// Counter: failed attempts to read the TLS files; the previous ones stayed in force.
  public static final String TLS_RELOAD_FAILURES = "keybroker.tls.reload.failures";

  /// Counter: failed fetches of the token issuer's keys; the known keys stayed.
  public static final String TOKEN_KEY_FAILURES = "keybroker.token.key.failures";

  /// Gauge: seconds since the token issuer's keys were last fetched successfully; before the first
  /// success, since the start. Only if tokens are accepted.
  public static final String TOKEN_KEY_AGE = "keybroker.token.key.age";

  /// Counter: tokens refused without verification because too many others were waiting.
  public static final String TOKENS_SHED = "keybroker.tokens.shed";

  /// Gauge: 1 if the broker runs without TLS or without authentication of callers, otherwise 0.
  public static final String INSECURE = "keybroker.insecure";

  /// Gauge: open gRPC connections, those in their handshake included.
  public static final String CONNECTIONS = "keybroker.connections";

  /// Gauge: those of them on which no caller is proven yet.
  public static final String CONNECTIONS_UNPROVEN = "keybroker.connections.unproven";

  /// Counter: gRPC connections refused before the caller was authenticated. Tags: [#CAUSE].
  public static final String CONNECTIONS_REFUSED = "keybroker.connections.refused";

  /// Counter: calls whose client cancelled them or disconnected before the answer was sent.
  public static final String CALLS_ABANDONED = "keybroker.calls.abandoned";

  /// Gauge: bytes of the calls in flight, requests and responses.
  public static final String IN_FLIGHT_BYTES = "keybroker.in.flight.bytes";

  /// Counter: calls, and items of a batch, refused because of a limit on what is in flight. Tags:
  /// [#LIMIT].
  public static final String IN_FLIGHT_REFUSED = "keybroker.in.flight.refused";

  /// Counter: calls of console pages that were refused because too many were in progress.
  public static final String CONSOLE_REFUSED = "keybroker.console.refused";

  /// Counter: calls, and items of a batch, denied for lack of a permission. Tags: [#PERMISSION].
  public static final String ACCESS_DENIED = "keybroker.access.denied";

  /// Gauge: the highest number of denials of one caller within a minute, the current or the
  /// previous one.
  public static final String ACCESS_DENIED_MOST = "keybroker.access.denied.most";

  /// Counter: calls, and items of a batch, refused because of a rate limit. Tags: [#OPERATION]
  /// (`wrap`, `unwrap`, `control`), [#LIMIT].
  public static final String RATE_LIMITED = "keybroker.rate.limited";

  /// Gauge: the highest ratio of a tenant's unwraps of the last minute to those of its last hour.
  public static final String UNWRAP_SURGE = "keybroker.unwrap.surge";

  /// Gauge: seconds since the access file was last read and found valid.
  public static final String ACCESS_FILE_AGE = "keybroker.access.file.age";

  /// Counter: attempts to read the access file that failed or found it broken.
  public static final String ACCESS_FILE_FAILURES = "keybroker.access.file.failures";

  public static final String CAUSE = "cause";
  public static final String ENCAPSULATION = "encapsulation";
  public static final String LIMIT = "limit";
  public static final String MODE = "mode";
  public static final String OPERATION = "operation";
  public static final String OUTCOME = "outcome";
  public static final String PERMISSION = "permission";
  public static final String RECORD = "record";
  public static final String REGION = "region";
  public static final String RESULT = "result";
  public static final String TIER = "tier";
  public static final String URGENCY = "urgency";
  public static final String WAY = "way";

  private Metrics() {}
}
