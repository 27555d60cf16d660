package dev.keybroker.boot;

import dev.keybroker.audit.postgres.AuditVerify;
import dev.keybroker.audit.postgres.AuditVerifyOptions;
import dev.keybroker.postgres.Migrations;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesLocationConfigSourceFactory;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.eclipse.microprofile.config.Config;

/// The main class. Runs the broker or, if the first argument names one, a command that ends by
/// itself.
@QuarkusMain
public final class Main {
  private static final String AUDIT_VERIFY = "audit-verify";
  private static final String MIGRATE = "migrate";
  private static final int DONE = 0;
  private static final int BROKEN = 1;
  private static final int COULD_NOT = 2;

  Main() {}

  /// Runs what the arguments name.
  public static void main(String... args) {
    if (args.length > 0 && args[0].equals(AUDIT_VERIFY)) {
      System.exit(auditVerify(Arrays.asList(args).subList(1, args.length)));
    }
    if (args.length > 0 && args[0].equals(MIGRATE)) {
      System.exit(migrate());
    }
    Quarkus.run(args);
  }

  private static int migrate() {
    Config config = configuration();
    try {
      System.out.println(
          "migrate: "
              + new Migrations(url(config), credentials(config))
                  .run(
                      config.getOptionalValue("keybroker.postgres.service-role", String.class),
                      config
                          .getOptionalValue("keybroker.audit.retention", String.class)
                          .map(new DurationConverter()::convert)));
      return DONE;
    } catch (SQLException | RuntimeException e) {
      System.err.println("migrate: " + e.getMessage());
      return COULD_NOT;
    }
  }

  private static int auditVerify(List<String> arguments) {
    AuditVerifyOptions options;
    try {
      options = AuditVerifyOptions.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(AuditVerifyOptions.USAGE);
      return COULD_NOT;
    }
    Config config = configuration();
    try (Connection connection = connection(config)) {
      return new AuditVerify(
                  connection,
                  options,
                  Auditing.macKey(config.getOptionalValue("keybroker.audit.mac-key", String.class)),
                  System.out,
                  System.err,
                  Clock.systemUTC())
              .run()
          ? DONE
          : BROKEN;
    } catch (SQLException | UncheckedIOException | IllegalStateException e) {
      System.err.println("audit-verify: " + e.getMessage());
      return COULD_NOT;
    }
  }

  /// The settings of the deployment: system properties, the environment, and the files that these
  /// name. A native executable has no other configuration before the broker starts.
  private static Config configuration() {
    return new SmallRyeConfigBuilder()
        .addDefaultInterceptors()
        .addDefaultSources()
        .withSources(new PropertiesLocationConfigSourceFactory())
        .build();
  }

  private static Connection connection(Config config) throws SQLException {
    return DriverManager.getConnection(url(config), credentials(config));
  }

  private static String url(Config config) {
    try {
      // The driver registers itself.
      Class.forName("org.postgresql.Driver");
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
    return config
        .getOptionalValue("quarkus.datasource.jdbc.url", String.class)
        .orElseThrow(() -> new IllegalStateException("quarkus.datasource.jdbc.url is not set"));
  }

  private static Properties credentials(Config config) {
    Properties properties = new Properties();
    config
        .getOptionalValue("quarkus.datasource.username", String.class)
        .ifPresent(user -> properties.setProperty("user", user));
    config
        .getOptionalValue("quarkus.datasource.password", String.class)
        .ifPresent(password -> properties.setProperty("password", password));
    return properties;
  }
}
