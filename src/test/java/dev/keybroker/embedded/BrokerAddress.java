package dev.keybroker.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;

/// Where the broker of a test listens, on loopback.
public record BrokerAddress(int grpcPort, int managementPort) {
  static BrokerAddress free() throws IOException {
    try (ServerSocket grpc = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket management = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new BrokerAddress(grpc.getLocalPort(), management.getLocalPort());
    }
  }

  /// What a broker is told to listen there: in a test's own process, and as a package.
  Map<String, String> configuration() {
    String grpc = Integer.toString(grpcPort);
    String management = Integer.toString(managementPort);
    return Map.of(
        "quarkus.grpc.server.host", "127.0.0.1",
        "quarkus.grpc.server.port", grpc,
        "quarkus.grpc.server.test-port", grpc,
        "quarkus.management.host", "127.0.0.1",
        "quarkus.management.port", management,
        "quarkus.management.test-port", management);
  }
}
