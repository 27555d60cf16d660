package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jose4j.jwk.PublicJsonWebKey;
import org.junit.jupiter.api.Test;

/// The lines of `src/docs/callers.md` for brokers without reflection, run as they are written,
/// except for the broker's address and the folder of the token, against a packaged broker with TLS.
class ContractFileIT {
  private static final String CALLER = "spiffe://example.org/media";
  private static final String ACCESS =
      """
      version: 1
      grants:
        - callers: ["spiffe://example.org/media", "jwt:media"]
          permissions: [keystore.edit, dek.wrap]
          on: ["tenants/acme"]
      """;
  private static final List<String> IMPORTS =
      List.of("buf/validate/validate.proto", "google/rpc/status.proto");

  private final TestAuthority servers = TestAuthority.create("servers");
  private final TestAuthority clients = TestAuthority.create("clients");
  private final PublicJsonWebKey tokens = TestIssuer.ec("tokens");

  @Test
  void linesOfTheReadme_callABrokerWithTls_byTheContractFile() throws Exception {
    ReadmeTourIT.needs(Files.isExecutable(ReadmeTourIT.BUF), "target/buf/buf");
    for (String file : IMPORTS) {
      ReadmeTourIT.needs(Files.exists(Path.of("target/proto-deps", file)), "target/proto-deps");
    }
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/contract-file")), "run-")
            .toAbsolutePath();
    copy(Path.of("proto"), folder.resolve("proto"));
    copy(Path.of("target/proto-deps"), folder.resolve("target/proto-deps"));
    Issued media = clients.issue("media", new Request().uri(CALLER));
    media.write(folder.resolve("client.crt"), folder.resolve("client.key"));
    Files.writeString(folder.resolve("token"), TestIssuer.token(tokens, "media"));
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        TestIssuer issuer = TestIssuer.start(folder.resolve("jwks.json"));
        PackagedBroker broker =
            PackagedBroker.in(folder)
                .with(configuration(services, folder))
                .with("keybroker.jwt.jwks-url", issuer.url().toString())
                .startAndAwaitReady();
        BrokerClient admin = client(broker, media)) {
      create(admin, ReadmeTourIT.makeKmsKey(services));
      Files.writeString(folder.resolve("ca.crt"), servers.pem());

      String printed = ReadmeTourIT.run(lines(folder, broker), folder, broker);

      assertEquals(2, printed.split("\"wrappedDek\"", -1).length - 1, printed);
      assertFalse(printed.contains("\"code\""), printed);
    }
  }

  private static String lines(Path folder, PackagedBroker broker) throws IOException {
    String lines = String.join("\n", ReadmeTourIT.blocks(Path.of("src/docs/callers.md"), "tls"));
    assertTrue(lines.contains("broker.example:9000"), lines);
    return lines
        .replace("broker.example:9000", "localhost:" + broker.grpcPort())
        .replace("/var/run/secrets/keybroker/token", folder.resolve("token").toString());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }

  private Map<String, String> configuration(EmbeddedServices services, Path folder)
      throws IOException {
    servers.server().write(folder.resolve("tls.crt"), folder.resolve("tls.key"));
    Files.writeString(folder.resolve("clients.crt"), clients.pem());
    Files.writeString(folder.resolve("access.yaml"), ACCESS);
    TestIssuer.publish(folder.resolve("jwks.json"), tokens);
    Map<String, String> settings = new HashMap<>(ReadmeTourIT.configuration(services));
    settings.remove("quarkus.grpc.server.enable-reflection-service");
    settings.put("keybroker.insecure", "false");
    settings.put("keybroker.access.file", folder.resolve("access.yaml").toString());
    settings.put("keybroker.jwt.issuer", TestIssuer.ISSUER);
    settings.put("keybroker.jwt.audience", TestIssuer.AUDIENCE);
    settings.put(
        "quarkus.tls.keybroker.key-store.pem.0.cert", folder.resolve("tls.crt").toString());
    settings.put("quarkus.tls.keybroker.key-store.pem.0.key", folder.resolve("tls.key").toString());
    settings.put(
        "keybroker.mtls.spiffe-bundles.\"example.org\"", folder.resolve("clients.crt").toString());
    return settings;
  }

  private BrokerClient client(PackagedBroker broker, Issued shown) throws IOException {
    return new BrokerClient(
        NettyChannelBuilder.forAddress("localhost", broker.grpcPort())
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(servers.certificate())
                    .keyManager(shown.key(), shown.certificate())
                    .build())
            .build());
  }

  private static void create(BrokerClient admin, String keyArn) {
    admin
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/acme")
                .setKeystoreId("calls")
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn))))
                .build());
  }
}
