package dev.keybroker.postgres;

/// PostgreSQL did not answer, or not in time. The cause is for the log.
public final class PostgresUnavailable extends RuntimeException {
  PostgresUnavailable(Throwable cause) {
    super("PostgreSQL is unavailable", cause, false, false);
  }
}
