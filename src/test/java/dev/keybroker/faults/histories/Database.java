package dev.keybroker.faults.histories;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// What the tables say, past the brokers. One connection; thread-safe.
final class Database implements AutoCloseable {
  private static final String WITHOUT_ONE_ACTIVE =
      "select s.tenant || '/' || s.id from keystore s where 1 <> (select count(*) from kek k"
          + " where k.tenant = s.tenant and k.keystore = s.id and k.state = 'ACTIVE')";

  /// Whose ACTIVE KEK is not what the settings want, or where one is still to be made.
  private static final String OF_OTHER_SETTINGS =
      """
      select s.tenant || '/' || s.id || ': wanted ' || s.kek_wanted || ', version ' || s.version
        || ', next attempt in ' || coalesce((s.rotation_attempt_time - now())::text, 'none')
        || ', ' || s.key_pair_spec || ' of ' || s.kms_key_arn
        || ', and the ACTIVE KEK is ' || k.id || ', ' || k.spec || ' of ' || k.root_key_arn
      from keystore s
      join kek k on k.tenant = s.tenant and k.keystore = s.id and k.state = 'ACTIVE'
      where s.kek_wanted or k.spec <> s.key_pair_spec
        or (s.kms_key_arn like '%:key/%' and k.root_key_arn <> s.kms_key_arn)
      """;

  private final Connection connection;

  Database(Map<String, String> configuration) throws SQLException {
    connection =
        DriverManager.getConnection(
            configuration.get("quarkus.datasource.jdbc.url"),
            configuration.get("quarkus.datasource.username"),
            configuration.get("quarkus.datasource.password"));
  }

  /// Sets the time of a scheduled destruction back.
  ///
  /// @return whether one was scheduled
  synchronized boolean hastenDestruction(String kek) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "update kek set destroy_time = now() - interval '1 second'"
                + " where id = ? and state = 'DESTROY_SCHEDULED'")) {
      statement.setObject(1, UUID.fromString(kek.substring(kek.lastIndexOf('/') + 1)));
      return statement.executeUpdate() == 1;
    }
  }

  /// The keystores of a tenant that have no, or more than one, ACTIVE KEK.
  synchronized List<String> withoutOneActiveKek(String tenant) throws SQLException {
    return texts(WITHOUT_ONE_ACTIVE + " and s.tenant = ?", tenant.substring("tenants/".length()));
  }

  synchronized List<String> withoutOneActiveKek() throws SQLException {
    return texts(WITHOUT_ONE_ACTIVE);
  }

  synchronized List<String> ofOtherSettings() throws SQLException {
    return texts(OF_OTHER_SETTINGS);
  }

  private List<String> texts(String query, String... parameters) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          texts.add(rows.getString(1));
        }
      }
    }
    return texts;
  }

  synchronized long count(String table) throws SQLException {
    return Long.parseLong(texts("select count(*) from " + table).getFirst());
  }

  /// The records `GRANTED` without those that are withdrawn, by tenant and rpc.
  synchronized Map<String, Map<String, Long>> granted() throws SQLException {
    Map<String, Map<String, Long>> granted = new TreeMap<>();
    try (PreparedStatement statement =
            connection.prepareStatement(
                "select tenant, action, sum(case outcome when 'GRANTED' then 1 else -1 end)"
                    + " from audit_record where outcome in ('GRANTED', 'WITHHELD')"
                    + " and tenant is not null group by tenant, action");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        granted
            .computeIfAbsent("tenants/" + rows.getString(1), first -> new TreeMap<>())
            .put(rows.getString(2), rows.getLong(3));
      }
    }
    return granted;
  }

  @Override
  public synchronized void close() throws SQLException {
    connection.close();
  }
}
