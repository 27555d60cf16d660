package dev.keybroker.grpc;

import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.security.TestIssuer;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// A broker with TLS, client certificates and tokens; the files of TLS are read again twice a
/// second.
public final class SecuredBroker implements QuarkusTestProfile {
  private static final String FOLDER_PROPERTY = "keybroker.test.tls-folder";
  static final Path FOLDER = folder();
  static final TestAuthority SERVERS = TestAuthority.in(FOLDER, "servers");
  static final TestAuthority CLIENTS = TestAuthority.in(FOLDER, "clients");
  static final String MEDIA = "spiffe://example.org/media";
  static final Issued MEDIA_SERVER = CLIENTS.issue("media", new Request().uri(MEDIA));

  static final Path CERTIFICATE = FOLDER.resolve("tls.crt");
  static final Path KEY = FOLDER.resolve("tls.key");
  static final Path CLIENT_AUTHORITIES = FOLDER.resolve("ca.crt");

  /// What the issuer of tokens publishes; it answers 503 while there is no such file.
  static final Path JWKS = FOLDER.resolve("jwks.json");

  private static final String JWKS_PROPERTY = "keybroker.test.jwks";

  private static Path folder() {
    String known = System.getProperty(FOLDER_PROPERTY);
    if (known != null) {
      return Path.of(known);
    }
    try {
      Path parent = Files.createDirectories(Path.of("target", "tls"));
      Path folder = Files.createTempDirectory(parent, "test-").toAbsolutePath();
      System.setProperty(FOLDER_PROPERTY, folder.toString());
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Writes good files: a new certificate of the broker, the clients' authority.
  static X509Certificate writeFiles() {
    try {
      Issued server = SERVERS.server();
      TestAuthority.replace(CLIENT_AUTHORITIES, CLIENTS.pem());
      server.write(CERTIFICATE, KEY);
      return server.certificate();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Map<String, String> getConfigOverrides() {
    writeFiles();
    Map<String, String> settings = new HashMap<>();
    settings.put("quarkus.tls.keybroker.key-store.pem.0.cert", CERTIFICATE.toString());
    settings.put("quarkus.tls.keybroker.key-store.pem.0.key", KEY.toString());
    settings.put("keybroker.mtls.spiffe-bundles.\"example.org\"", CLIENT_AUTHORITIES.toString());
    settings.put("keybroker.tls.reload-period", "0.5s");
    settings.put("keybroker.jwt.issuer", TestIssuer.ISSUER);
    settings.put("keybroker.jwt.audience", TestIssuer.AUDIENCE);
    settings.put("keybroker.jwt.jwks-url", jwksUrl());
    settings.put("keybroker.jwt.retry", "0.1s");
    return settings;
  }

  /// Starts the issuer, once for all tests.
  private static String jwksUrl() {
    String known = System.getProperty(JWKS_PROPERTY);
    if (known != null) {
      return known;
    }
    try {
      String url = TestIssuer.start(JWKS).url().toString();
      System.setProperty(JWKS_PROPERTY, url);
      return url;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A channel over TLS.
  ///
  /// @param client what the client shows; null for nothing
  static ManagedChannel channel(int port, @Nullable Issued client) {
    return builder(port, client).build();
  }

  /// @param issuers of the client's certificate, which the client sends too
  static NettyChannelBuilder builder(
      int port, @Nullable Issued client, X509Certificate... issuers) {
    try {
      SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(SERVERS.certificate());
      if (client != null) {
        tls.keyManager(
            client.key(),
            Stream.concat(Stream.of(client.certificate()), Stream.of(issuers))
                .toArray(X509Certificate[]::new));
      }
      return NettyChannelBuilder.forAddress("localhost", port).sslContext(tls.build());
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }
}
