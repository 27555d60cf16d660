package dev.keybroker.postgres;

import dev.keybroker.embedded.EmbeddedServices;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/// A table that nobody else can read or change until this is closed.
public final class LockedTable implements AutoCloseable {
  private final Connection connection;

  public LockedTable(EmbeddedServices services, String table) {
    try {
      connection =
          DriverManager.getConnection(
              Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
              "postgres",
              "postgres");
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("lock table " + table + " in access exclusive mode");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /// How many others wait for it.
  public int waiting() {
    try (Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "select count(*) from pg_locks waiting join pg_locks held using (relation)"
                    + " where not waiting.granted and held.granted and held.pid = pg_backend_pid()"
                    + " and held.mode = 'AccessExclusiveLock'")) {
      found.next();
      return found.getInt(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    try {
      connection.rollback();
      connection.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
