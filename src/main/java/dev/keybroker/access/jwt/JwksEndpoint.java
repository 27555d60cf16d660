package dev.keybroker.access.jwt;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.lang.JoseException;

/// The URL where an issuer publishes its keys. The local files are read again at each fetch,
/// because the authorities and the broker's own token are renewed in place.
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

  /// Fetches the keys. Blocks at most for the timeout, which includes the body of the response.
  ///
  /// @return at least one
  /// @throws HttpTimeoutException if the whole response did not arrive in time
  List<JsonWebKey> fetch() throws IOException, InterruptedException, GeneralSecurityException {
    HttpRequest.Builder request = HttpRequest.newBuilder(url).header("Accept", "application/json");
    if (tokenFile.isPresent()) {
      request.header("Authorization", "Bearer " + Files.readString(tokenFile.get()).strip());
    }
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(timeout);
    if (authorities.isPresent()) {
      builder.sslContext(trusting(authorities.get()));
    }
    HttpClient client = builder.build();
    try {
      HttpResponse<String> answer = whole(client, request.build());
      if (answer.statusCode() != 200) {
        throw new IOException("HTTP status " + answer.statusCode());
      }
      return keys(answer.body());
    } finally {
      client.shutdownNow();
    }
  }

  // The timeout of a request covers only the headers (JDK-8208693), so a stalled body would block
  // the caller for ever.
  private HttpResponse<String> whole(HttpClient client, HttpRequest request)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<String>> answer =
        client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST_ANSWER));
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new HttpTimeoutException("no complete response within " + timeout);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException known ? known : new IOException(e.getCause());
    } finally {
      answer.cancel(true);
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
