package dev.keybroker.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/// Many keystores, each of its own tenant: copies of the rows of one that the broker made,
/// since a hundred thousand key pairs of KMS would take the bench too long.
///
/// Nothing in the broker goes by what a public key is, so a wrap costs what it would with a key
/// pair each. The private half is the original's; nothing is unwrapped.
final class KeystoreCopies {
  private static final String ID = "copied";

  private KeystoreCopies() {}

  /// The id of the keystore that is copied.
  static String original() {
    return ID;
  }

  /// The resource name of a copy.
  static String name(int number) {
    return "tenants/many-" + number + "/keystores/" + ID;
  }

  /// Makes the copies from one number up to, but without, another.
  static void make(Services services, int from, int to) throws SQLException {
    try (Connection connection = services.postgres()) {
      insert(
          connection,
          """
          insert into tenant
          select 'many-' || i, 'external-id-of-many-' || i, now() from generate_series(?, ?) i
          """,
          from,
          to);
      insert(
          connection,
          """
          insert into keystore
          select copy.*
          from keystore original
          cross join generate_series(?, ?) i
          cross join lateral jsonb_populate_record(
            original, jsonb_build_object('tenant', 'many-' || i)) copy
          where original.tenant = 'bench' and original.id = 'copied'
          """,
          from,
          to);
      insert(
          connection,
          """
          insert into kek
          select copy.*
          from kek original
          cross join generate_series(?, ?) i
          cross join lateral jsonb_populate_record(
            original, jsonb_build_object('id', gen_random_uuid(), 'tenant', 'many-' || i)) copy
          where original.tenant = 'bench' and original.keystore = 'copied'
            and original.state = 'ACTIVE'
          """,
          from,
          to);
      try (Statement statement = connection.createStatement()) {
        // As PostgreSQL does by itself within a minute.
        statement.execute("analyze tenant, keystore, kek");
      }
    }
  }

  private static void insert(Connection connection, String sql, int from, int to)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, from);
      statement.setInt(2, to - 1);
      statement.executeUpdate();
    }
  }
}
