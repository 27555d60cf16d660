package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.security.TestAuthority;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/// The console of a broker with TLS: the certificate of the gRPC port, and no plaintext beside it.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(ConsoleTlsTest.WithTls.class)
class ConsoleTlsTest {
  private static final Path FOLDER = Path.of("target", "console-tls").toAbsolutePath();
  private static final Path AUTHORITY = FOLDER.resolve("authority.crt");

  @TestHTTPResource(value = "/", tls = true)
  URI console;

  @ConfigProperty(name = "quarkus.http.test-port")
  int plainPort;

  /// Its certificate is the one of the gRPC port.
  public static final class WithTls extends SignedInBroker {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> settings = new HashMap<>(super.getConfigOverrides());
      Path certificate = FOLDER.resolve("tls.crt");
      Path key = FOLDER.resolve("tls.key");
      try {
        Files.createDirectories(FOLDER);
        TestAuthority authority = TestAuthority.create("console");
        Files.writeString(AUTHORITY, authority.pem());
        authority.server().write(certificate, key);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      settings.put("quarkus.tls.keybroker.key-store.pem.0.cert", certificate.toString());
      settings.put("quarkus.tls.keybroker.key-store.pem.0.key", key.toString());
      return settings;
    }
  }

  private static HttpClient client() throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry(
        "authority",
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(Files.newInputStream(AUTHORITY)));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(tls).build();
  }

  @Test
  void console_withTls_isServedByHttpsAlone() throws Exception {
    URI address = URI.create("https://localhost:" + console.getPort() + "/tenants/demo");
    HttpResponse<String> answer =
        client()
            .send(
                HttpRequest.newBuilder(address).header("Accept", "text/html").build(),
                HttpResponse.BodyHandlers.ofString());

    assertEquals(302, answer.statusCode());
    String provider = answer.headers().firstValue("Location").orElse("");
    assertTrue(provider.contains("redirect_uri=https%3A%2F%2Flocalhost"), provider);
    assertTrue(provider.contains("code_challenge_method=S256"), provider);
    assertTrue(
        answer.headers().allValues("Set-Cookie").stream()
            .allMatch(cookie -> cookie.contains("Secure") && cookie.contains("HTTPOnly")),
        () -> answer.headers().allValues("Set-Cookie").toString());
    assertTrue(plainPort <= 0, "HTTP listens on " + plainPort);
  }
}
