package dev.keybroker.faults;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.kek.redis.AgedEntries;
import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Two packaged brokers in production mode, their services behind one proxy each, and a tenant with
/// three keystores.
final class Deployment implements AutoCloseable {
  private final FaultServices services;
  private final Map<String, String> direct;
  private final TcpProxy redis;
  private final TcpProxy postgres;
  private final TcpProxy kms;
  private final List<PackagedBroker> brokers;
  private final String warm;
  private final String cold;
  private final String byRole;

  Deployment() throws IOException, InterruptedException {
    services = FaultServices.start();
    direct = services.services().configuration();
    redis = new TcpProxy(port(direct.get("quarkus.redis.hosts")));
    postgres =
        new TcpProxy(port(direct.get("quarkus.datasource.jdbc.url").substring("jdbc:".length())));
    kms = new TcpProxy(port(direct.get("quarkus.kms.endpoint-override")));
    brokers = List.of(broker("first").start(), broker("second").start());
    for (PackagedBroker broker : brokers) {
      broker.awaitReady();
    }
    warm = services.keystore(brokers.getFirst(), "warm", Durations.fromMinutes(15));
    cold = services.keystore(brokers.getFirst(), "cold", Durations.ZERO);
    byRole = services.keystoreByRole(brokers.getFirst(), "by-role");
  }

  private static int port(String url) {
    return URI.create(url).getPort();
  }

  /// A broker that reaches its services through the proxies. It asks the stores each second for
  /// what it uses, and STS for a new session, so that a fault of some seconds is noticed.
  PackagedBroker.Launch broker(String name) {
    Map<String, String> proxied = new LinkedHashMap<>();
    String database = "//127.0.0.1:" + postgres.port() + "/postgres";
    proxied.put("quarkus.datasource.reactive.url", "postgresql:" + database);
    proxied.put("quarkus.datasource.jdbc.url", "jdbc:postgresql:" + database);
    proxied.put("quarkus.redis.hosts", "redis://127.0.0.1:" + redis.port());
    proxied.put("quarkus.kms.endpoint-override", "http://127.0.0.1:" + kms.port());
    proxied.put("keybroker.kek.freshness", "1s");
    proxied.put("keybroker.aws.role-session-duration", "1s");
    return services.broker(name).with(proxied);
  }

  FaultServices services() {
    return services;
  }

  List<PackagedBroker> brokers() {
    return brokers;
  }

  /// The keystore whose private KEK stays in memory during a run.
  String warm() {
    return warm;
  }

  /// The keystore whose every unwrap asks KMS.
  String cold() {
    return cold;
  }

  /// The keystore whose every unwrap asks KMS, with a role's session that STS gave within a second.
  String byRole() {
    return byRole;
  }

  TcpProxy redis() {
    return redis;
  }

  TcpProxy postgres() {
    return postgres;
  }

  TcpProxy kms() {
    return kms;
  }

  RedisControl redisControl() {
    return new RedisControl(port(direct.get("quarkus.redis.hosts")));
  }

  /// What makes old entries of Redis whose MAC is right.
  AgedEntries agedEntries() {
    return new AgedEntries(Objects.requireNonNull(direct.get("keybroker.redis.mac-key")));
  }

  /// A connection of an operator, past the proxy.
  Connection database() throws SQLException {
    return DriverManager.getConnection(
        direct.get("quarkus.datasource.jdbc.url"),
        direct.get("quarkus.datasource.username"),
        direct.get("quarkus.datasource.password"));
  }

  /// How many keystores have no, or more than one, ACTIVE KEK.
  long keystoresWithoutOneActiveKek() throws SQLException {
    try (Connection connection = database();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select count(*) from keystore s where 1 <> (select count(*) from kek k where"
                    + " k.tenant = s.tenant and k.keystore = s.id and k.state = 'ACTIVE')")) {
      result.next();
      return result.getLong(1);
    }
  }

  /// How many changes are on record as intended, without an outcome.
  long openIntents() throws SQLException {
    try (Connection connection = database();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select count(*) from audit_record i where outcome = 'INTENDED' and not exists"
                    + " (select 1 from audit_record o where o.chain = i.chain and o.refers_to = i.seq"
                    + " and o.outcome <> 'WITHHELD')")) {
      result.next();
      return result.getLong(1);
    }
  }

  @Override
  public void close() {
    brokers.forEach(PackagedBroker::close);
    for (TcpProxy proxy : List.of(redis, postgres, kms)) {
      proxy.close();
    }
    services.close();
  }
}
