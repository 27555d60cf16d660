package dev.keybroker.postgres;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.Location;
import org.flywaydb.core.api.ResourceProvider;
import org.flywaydb.core.api.resource.LoadableResource;
import org.flywaydb.core.internal.resource.classpath.ClassPathResource;
import org.jspecify.annotations.Nullable;

/// The command `migrate`: migrates the schema to this version with the role that owns it, and
/// grants the brokers' role its rights. It may run repeatedly and while brokers are running.
public final class Migrations {
  /// A native executable cannot list a folder, so the migrations are named here.
  static final List<String> FILES =
      List.of(
          "V1__keystores_and_keks.sql",
          "V2__audit.sql",
          "V3__change_turns.sql",
          "V4__intent_lease.sql",
          "V5__dropped_ranges.sql",
          "V6__audit_days.sql",
          "V7__changes.sql",
          "V8__grants.sql",
          "V9__deletion.sql",
          "V10__re_encryption.sql",
          "V11__audit_delivery.sql",
          "V12__audit_readers_and_grants.sql",
          "V13__verifications_and_failures.sql");

  private static final String FOLDER = "db/migration";

  private final String url;
  private final Properties owner;

  /// @param url the JDBC URL
  /// @param owner `user` and `password` of the role that owns the schema
  public Migrations(String url, Properties owner) {
    this.url = url;
    this.owner = owner;
  }

  /// Migrates, and grants the rights.
  ///
  /// @param serviceRole the brokers' role; if none, they use the owner's role
  /// @param retention how long audit records are protected from the brokers' role; if none, for
  ///     ever
  /// @return a description of what was done, for people
  /// @throws org.flywaydb.core.api.FlywayException if the schema cannot be migrated
  /// @throws IllegalStateException if the brokers' role does not exist or has too many rights
  public String run(Optional<String> serviceRole, Optional<Duration> retention)
      throws SQLException {
    int migrated =
        Flyway.configure(Migrations.class.getClassLoader())
            .dataSource(url, owner.getProperty("user"), owner.getProperty("password"))
            .resourceProvider(new NamedResources())
            .javaMigrationClassProvider(List::of)
            .load()
            .migrate()
            .migrationsExecuted;
    try (Connection connection = DriverManager.getConnection(url, owner)) {
      connection.setAutoCommit(false);
      retain(connection, retention);
      if (serviceRole.isPresent()) {
        new ServiceRole(serviceRole.get()).grant(connection);
      }
      connection.commit();
    }
    return "%d migrations made; %s; audit records are kept %s"
        .formatted(
            migrated,
            serviceRole.map(it -> it + " may read and write rows").orElse("no service role is set"),
            retention.map(it -> "for " + it.toDays() + " days").orElse("for ever"));
  }

  private static void retain(Connection on, Optional<Duration> retention) throws SQLException {
    try (Statement delete = on.createStatement();
        PreparedStatement insert =
            on.prepareStatement("insert into audit_retention (seconds) values (?)")) {
      delete.execute("delete from audit_retention");
      if (retention.isPresent()) {
        insert.setLong(1, retention.get().toSeconds());
        insert.execute();
      }
    }
  }

  private static final class NamedResources implements ResourceProvider {
    @Override
    public @Nullable LoadableResource getResource(String name) {
      return null;
    }

    @Override
    public Collection<LoadableResource> getResources(String prefix, String[] suffixes) {
      return FILES.stream()
          .filter(
              file -> file.startsWith(prefix) && Arrays.stream(suffixes).anyMatch(file::endsWith))
          .<LoadableResource>map(
              file ->
                  new ClassPathResource(
                      Location.fromPath("classpath:", FOLDER),
                      FOLDER + "/" + file,
                      Migrations.class.getClassLoader(),
                      StandardCharsets.UTF_8))
          .toList();
    }
  }
}
