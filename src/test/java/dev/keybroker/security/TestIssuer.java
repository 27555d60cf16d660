package dev.keybroker.security;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.keybroker.security.TestAuthority.Issued;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/// An issuer of tokens for tests: keys, tokens, and a JWKS endpoint that serves a file and answers
/// 503 while there is none.
public final class TestIssuer implements AutoCloseable {
  public static final String ISSUER = "https://issuer.example";
  public static final String AUDIENCE = "keybroker";

  private final HttpServer server;
  private final Path file;
  private final AtomicInteger fetches = new AtomicInteger();
  private volatile @Nullable String wantedToken;

  private TestIssuer(HttpServer server, Path file) {
    this.server = server;
    this.file = file;
    server.createContext("/jwks", this::answer);
    server.start();
  }

  /// An endpoint over HTTP.
  public static TestIssuer start(Path file) throws IOException {
    return new TestIssuer(HttpServer.create(loopback(), 0), file);
  }

  /// An endpoint over HTTPS that wants a bearer token, as the API server of Kubernetes does.
  public static TestIssuer startLikeKubernetes(Path file, Issued certificate, String token)
      throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setKeyEntry(
        "server", certificate.key(), new char[0], new Certificate[] {certificate.certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(loopback(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    TestIssuer issuer = new TestIssuer(server, file);
    issuer.wantedToken = token;
    return issuer;
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    fetches.incrementAndGet();
    try (exchange) {
      String wanted = wantedToken;
      if (wanted != null
          && !("Bearer " + wanted).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.sendResponseHeaders(401, -1);
      } else if (!Files.exists(file)) {
        exchange.sendResponseHeaders(503, -1);
      } else {
        byte[] body = Files.readAllBytes(file);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  public URI url() {
    String scheme = server instanceof HttpsServer ? "https://localhost:" : "http://127.0.0.1:";
    return URI.create(scheme + server.getAddress().getPort() + "/jwks");
  }

  /// How often the keys were fetched.
  public int fetches() {
    return fetches.get();
  }

  /// Publishes these keys and no others.
  public static void publish(Path file, PublicJsonWebKey... keys) throws IOException {
    TestAuthority.replace(
        file,
        new JsonWebKeySet(Arrays.<JsonWebKey>asList(keys))
            .toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY));
  }

  public static PublicJsonWebKey rsa(String id) {
    try {
      PublicJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  public static PublicJsonWebKey ec(String id) {
    try {
      PublicJsonWebKey key = EcJwkGenerator.generateJwk(EllipticCurves.P256);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A token that is good for ten minutes, after a change of its claims.
  public static String token(
      PublicJsonWebKey key, String algorithm, String subject, Consumer<JwtClaims> change) {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(ISSUER);
    claims.setAudience(AUDIENCE);
    claims.setSubject(subject);
    claims.setIssuedAtToNow();
    claims.setExpirationTimeMinutesInTheFuture(10);
    change.accept(claims);
    JsonWebSignature jws = new JsonWebSignature();
    jws.setPayload(claims.toJson());
    jws.setAlgorithmHeaderValue(algorithm);
    jws.setKeyIdHeaderValue(key.getKeyId());
    jws.setKey(key.getPrivateKey());
    return serialised(jws);
  }

  public static String token(PublicJsonWebKey key, String subject) {
    return token(key, key.getKeyType().equals("EC") ? "ES256" : "RS256", subject, claims -> {});
  }

  /// Unsigned JSON parts and a signature, as an attacker would write them.
  public static String forged(Map<String, String> header, String payload, byte[] signature) {
    StringBuilder json = new StringBuilder("{");
    header.forEach(
        (name, value) ->
            json.append(json.length() == 1 ? "" : ",")
                .append('"')
                .append(name)
                .append("\":\"")
                .append(value)
                .append('"'));
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    return encoder.encodeToString(json.append('}').toString().getBytes(StandardCharsets.UTF_8))
        + "."
        + encoder.encodeToString(payload.getBytes(StandardCharsets.UTF_8))
        + "."
        + encoder.encodeToString(signature);
  }

  private static String serialised(JsonWebSignature jws) {
    try {
      return jws.getCompactSerialization();
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
