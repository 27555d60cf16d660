package dev.keybroker.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// What an operator's sessions do to PostgreSQL, past every proxy.
final class PostgresControl {
  private static final String END_OTHER_SESSIONS =
      "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend'"
          + " and pid <> pg_backend_pid()";

  private final Deployment deployment;

  /// Something that lasts for a while.
  interface Fault {
    void lasting(PostgresControl control, Duration duration) throws Exception;
  }

  PostgresControl(Deployment deployment) {
    this.deployment = deployment;
  }

  /// Ends all sessions and lets new ones read only, as after a switch to a replica.
  void readOnly(Duration duration) throws SQLException, InterruptedException {
    try (Connection connection = deployment.database();
        Statement statement = connection.createStatement()) {
      statement.execute("alter database postgres set default_transaction_read_only = on");
      statement.execute(END_OTHER_SESSIONS);
      Thread.sleep(duration);
      statement.execute("alter database postgres reset default_transaction_read_only");
      statement.execute(END_OTHER_SESSIONS);
    }
  }

  /// Answers every write as a server does whose disk is full. The disk itself is not: that takes a
  /// small filesystem under the server, and the privilege to mount one.
  void full(Duration duration) throws SQLException, InterruptedException {
    try (Connection connection = deployment.database();
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          create function disk_is_full() returns trigger language plpgsql as $$
          begin
            raise exception 'could not extend file: No space left on device' using errcode = '53100';
          end $$
          """);
      try {
        for (String table : tables(statement)) {
          statement.execute(
              "create trigger disk_is_full before insert or update or delete on "
                  + table
                  + " for each statement execute function disk_is_full()");
        }
        Thread.sleep(duration);
      } finally {
        statement.execute("drop function disk_is_full() cascade");
      }
    }
  }

  private static List<String> tables(Statement statement) throws SQLException {
    List<String> tables = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "select oid::regclass::text from pg_class where relkind in ('r', 'p') and"
                + " relnamespace = 'public'::regnamespace and not relispartition")) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    return tables;
  }

  /// Ends all sessions and takes their places, those of superusers, too.
  void takeAllConnections(Duration duration) throws SQLException, InterruptedException {
    List<Connection> taken = new ArrayList<>();
    try (Connection connection = deployment.database();
        Statement statement = connection.createStatement()) {
      long end = System.nanoTime() + duration.toNanos();
      while (System.nanoTime() < end) {
        statement.execute(
            END_OTHER_SESSIONS + " and application_name <> '" + OwnSession.NAME + "'");
        takeWhatIsLeft(taken);
        Thread.sleep(20);
      }
    } finally {
      for (Connection each : taken) {
        each.close();
      }
    }
  }

  private void takeWhatIsLeft(List<Connection> taken) {
    try {
      while (true) {
        taken.add(OwnSession.open(deployment));
      }
    } catch (SQLException e) {
      // None is left.
    }
  }

  /// Holds what a change of key of the keystore `cold` needs second, and then asks for what it has
  /// taken first; PostgreSQL ends one of the two.
  void deadlock(Duration duration) throws SQLException, InterruptedException {
    try (Connection connection = deployment.database();
        Statement statement = connection.createStatement()) {
      long end = System.nanoTime() + duration.toNanos();
      // The side that waits longer than this looks for a deadlock and is the one that is ended.
      statement.execute("set deadlock_timeout = '30s'");
      connection.setAutoCommit(false);
      statement.execute(
          "select 1 from kek where keystore = 'cold' and state = 'ACTIVE' for update");
      while (System.nanoTime() < end && !isWaitedFor(statement)) {
        Thread.sleep(20);
      }
      statement.execute("select 1 from keystore where id = 'cold' for update");
      connection.rollback();
      Thread.sleep(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    }
  }

  private static boolean isWaitedFor(Statement statement) throws SQLException {
    try (ResultSet result =
        statement.executeQuery(
            "select exists (select 1 from pg_stat_activity where pg_backend_pid() ="
                + " any(pg_blocking_pids(pid)))")) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /// A session that the operator does not end.
  private static final class OwnSession {
    static final String NAME = "operator";

    static Connection open(Deployment deployment) throws SQLException {
      Connection connection = deployment.database();
      try (Statement statement = connection.createStatement()) {
        statement.execute("set application_name = '" + NAME + "'");
      }
      return connection;
    }
  }
}
