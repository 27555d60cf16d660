package dev.keybroker.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/// Grants the rights of the brokers' role, which owns nothing: it reads and writes rows. It cannot
/// create, alter, drop or truncate a table, change an audit record, or drop a day of the audit
/// trail within the owner's retention.
///
/// All rights are granted again after each migration, and any other rights on a table are revoked.
final class ServiceRole {
  private static final String RIGHTS =
      """
      select r.rolsuper or pg_has_role(r.oid, current_user, 'member')
          or has_schema_privilege(r.oid, current_schema(), 'create'),
        quote_ident(r.rolname), quote_ident(current_schema())
      from pg_roles r where r.rolname = ?
      """;

  private static final String TABLES =
      """
      select quote_ident(relname) from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
      """;

  private final String name;

  ServiceRole(String name) {
    this.name = name;
  }

  /// @param on a transaction of the owner
  /// @throws IllegalStateException if there is no such role, or if it has the right to change the
  ///     schema
  void grant(Connection on) throws SQLException {
    String role;
    String schema;
    try (PreparedStatement query = on.prepareStatement(RIGHTS)) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException(
              "keybroker.postgres.service-role: there is no role %s. Create it with LOGIN and no"
                      .formatted(name)
                  + " other right");
        }
        if (row.getBoolean(1)) {
          throw new IllegalStateException(
              "keybroker.postgres.service-role: %s may change the schema, as a superuser, as a"
                      .formatted(name)
                  + " member of the role that owns the schema, or with CREATE on the schema. Give"
                  + " the brokers another role, and revoke CREATE on the schema from PUBLIC");
        }
        role = row.getString(2);
        schema = row.getString(3);
      }
    }
    try (Statement statement = on.createStatement()) {
      for (String table : tables(on)) {
        statement.execute("revoke all on %s from %s".formatted(table, role));
        String rights = rights(table);
        if (!rights.isEmpty()) {
          statement.execute("grant %s on %s to %s".formatted(rights, table, role));
        }
      }
      statement.execute("grant usage on schema %s to %s".formatted(schema, role));
      statement.execute(
          "grant execute on function audit_make_day(date), audit_hold_day(date),"
              + " audit_drop_day(date) to "
              + role);
    }
  }

  private static List<String> tables(Connection on) throws SQLException {
    List<String> tables = new ArrayList<>();
    try (Statement query = on.createStatement();
        ResultSet rows = query.executeQuery(TABLES)) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    return tables;
  }

  /// The audit trail is append-only for the role: only the owner removes records. The role cannot
  /// change a record, and reaches the table of a day only through `audit_record`.
  private static String rights(String table) {
    return switch (table) {
      case "flyway_schema_history", "audit_retention", "audit_record_default" -> "select";
      case "audit_record" -> "select, insert";
      // Written by triggers with the owner's rights.
      case "kek_change" -> "select, delete";
      case "audit_chain", "audit_checkpoint" -> "select, insert, update";
      default -> table.startsWith("audit_record_") ? "" : "select, insert, update, delete";
    };
  }
}
