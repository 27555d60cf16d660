package dev.keybroker.access.jwt;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.lang.JoseException;

/// Where an issuer publishes its keys. Its files are read again at each fetch, since both the
/// authorities and the broker's own token are renewed in place.
final class JwksEndpoint {
  private static final long LARGEST_ANSWER = 1024 * 1024;

  private final URI url;
  private final Optional<Path> authorities;
  private final Optional<Path> tokenFile;
  private final Duration timeout;

  JwksEndpoint(URI url, Optional<Path> authorities, Optional<Path> tokenFile, Duration timeout) {
    this.url = url;
    this.authorities = authorities;
    this.tokenFile = tokenFile;
    this.timeout = timeout;
  }

  /// Fetches the keys; blocks.
  ///
  /// @return at least one
  List<JsonWebKey> fetch() throws IOException, InterruptedException, GeneralSecurityException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url).timeout(timeout).header("Accept", "application/json");
    if (tokenFile.isPresent()) {
      request.header("Authorization", "Bearer " + Files.readString(tokenFile.get()).strip());
    }
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(timeout);
    if (authorities.isPresent()) {
      builder.sslContext(trusting(authorities.get()));
    }
    HttpClient client = builder.build();
    try {
      HttpResponse<String> answer =
          client.send(
              request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST_ANSWER));
      if (answer.statusCode() != 200) {
        throw new IOException("HTTP status " + answer.statusCode());
      }
      return keys(answer.body());
    } finally {
      client.shutdownNow();
    }
  }

  private static List<JsonWebKey> keys(String json) throws IOException {
    try {
      List<JsonWebKey> keys =
          new JsonWebKeySet(json)
              .getJsonWebKeys().stream().filter(PublicJsonWebKey.class::isInstance).toList();
      if (keys.isEmpty()) {
        throw new IOException("there is no public key in the answer");
      }
      return keys;
    } catch (JoseException e) {
      throw new IOException("the answer is no JWKS", e);
    }
  }

  private static SSLContext trusting(Path file) throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(file)) {
      for (Certificate it : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        trusted.setCertificateEntry("authority-" + trusted.size(), it);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
