package dev.keybroker.kubernetes;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/// Makes the embedded PostgreSQL and Redis what RDS and ElastiCache are: TLS alone, passwords, an
/// owner and a service role in PostgreSQL, a user in Redis that may do what a broker does.
final class SecuredStores {
  static final String OWNER_PASSWORD = "owner\\ö:/@?";
  static final String SERVICE_PASSWORD = "service\\ü#%&=";
  static final String REDIS_PASSWORD = "redis\\é!\"'";

  /// As `k8s/README.md` names it.
  static final String REDIS_RULES =
      "resetchannels ~keybroker:* &keybroker:* -@all +get +set +setex +del +eval +publish"
          + " +subscribe +unsubscribe +hello +auth +ping +client|setname";

  private final int postgresPort;
  private final int redisPort;

  private SecuredStores(int postgresPort, int redisPort) {
    this.postgresPort = postgresPort;
    this.redisPort = redisPort;
  }

  /// @param authority of both servers' certificates
  static SecuredStores over(EmbeddedServices services, Path folder, TestAuthority authority)
      throws Exception {
    Files.createDirectories(folder);
    Path certificate = folder.resolve("server.crt").toAbsolutePath();
    Path key = folder.resolve("server.key").toAbsolutePath();
    Issued server = authority.server();
    server.write(certificate, key);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    Map<String, String> plain = services.configuration();
    String url = plain.get("quarkus.datasource.jdbc.url");
    securePostgres(url, certificate, key);
    int redisPort = dev.keybroker.PackagedBroker.freePort();
    secureRedis(
        URI.create(plain.get("quarkus.redis.hosts")).getPort(), redisPort, certificate, key);
    return new SecuredStores(URI.create(url.replaceFirst("^jdbc:", "")).getPort(), redisPort);
  }

  private static void securePostgres(String url, Path certificate, Path key)
      throws SQLException, IOException {
    try (Connection superuser = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = superuser.createStatement()) {
      statement.execute("create role keybroker_owner login password '" + OWNER_PASSWORD + "'");
      statement.execute("create role keybroker login password '" + SERVICE_PASSWORD + "'");
      statement.execute("create database keybroker owner keybroker_owner");
      statement.execute("alter system set ssl_cert_file = '" + certificate + "'");
      statement.execute("alter system set ssl_key_file = '" + key + "'");
      statement.execute("alter system set ssl = on");
      Path rules;
      try (ResultSet row = statement.executeQuery("show hba_file")) {
        row.next();
        rules = Path.of(row.getString(1));
      }
      Files.writeString(
          rules,
          """
          hostssl keybroker keybroker,keybroker_owner 127.0.0.1/32 scram-sha-256
          host all postgres 127.0.0.1/32 trust
          local all postgres trust
          """);
      statement.execute("select pg_reload_conf()");
    }
  }

  private static void secureRedis(int port, int tlsPort, Path certificate, Path key)
      throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port);
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      for (String[] command :
          new String[][] {
            {"CONFIG", "SET", "tls-cert-file", certificate.toString()},
            {"CONFIG", "SET", "tls-key-file", key.toString()},
            {"CONFIG", "SET", "tls-ca-cert-file", certificate.toString()},
            {"CONFIG", "SET", "tls-auth-clients", "no"},
            {"CONFIG", "SET", "tls-port", Integer.toString(tlsPort)},
            user(),
            {"ACL", "SETUSER", "default", "off"},
          }) {
        StringBuilder request = new StringBuilder("*" + command.length + "\r\n");
        for (String word : command) {
          request
              .append("$" + word.getBytes(StandardCharsets.UTF_8).length + "\r\n")
              .append(word)
              .append("\r\n");
        }
        socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.UTF_8));
        String answer = in.readLine();
        if (!"+OK".equals(answer)) {
          throw new IOException(String.join(" ", command) + ": " + answer);
        }
      }
    }
  }

  private static String[] user() {
    return ("ACL SETUSER keybroker on >" + REDIS_PASSWORD + " " + REDIS_RULES).split(" ", -1);
  }

  /// The text of a file of settings with the addresses of these stores in the place of an
  /// overlay's.
  String addressed(String settings) {
    return settings
        .replace("postgres.example:5432", "localhost:" + postgresPort)
        .replace("redis.example:6379", "localhost:" + redisPort);
  }
}
