package dev.keybroker.access.jwt;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.sun.net.httpserver.HttpServer;
import dev.keybroker.access.AccessTokens.ProvenCaller;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.access.Caller;
import dev.keybroker.fuzz.Seeds;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.EllipticCurveJsonWebKey;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/// A token is believed only where the issuer signed what it says, and what it says is of this
/// issuer, for this audience and in time; then it names the caller of its `sub`. Any other is an
/// [AuthenticationFailure], whatever the issuer signed.
///
/// The input is a token after `t`, and claims that the issuer signs after any other byte.
public final class JwtFuzz {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "keybroker";
  private static final long NOW = 1_795_000_000;
  private static final int LEEWAY = 10;
  private static final EllipticCurveJsonWebKey KEY = key();
  private static final String GOOD = claims("\"media\"", NOW + 60, "");
  private static final List<String> ISSUED =
      List.of(sign(GOOD), sign(claims("\"b\"", NOW + 9, "")));
  private static final JwtAccessTokens TOKENS = start();

  private JwtFuzz() {}

  private static EllipticCurveJsonWebKey key() {
    try {
      EllipticCurveJsonWebKey key = EcJwkGenerator.generateJwk(EllipticCurves.P256);
      key.setKeyId("ec-1");
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String claims(String subject, long expires, String more) {
    return "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":%s,\"exp\":%d%s}"
        .formatted(ISSUER, AUDIENCE, subject, expires, more);
  }

  private static String sign(String claims) {
    try {
      JsonWebSignature jws = new JsonWebSignature();
      jws.setAlgorithmHeaderValue("ES256");
      jws.setKeyIdHeaderValue("ec-1");
      jws.setKey(KEY.getPrivateKey());
      jws.setPayload(claims);
      return jws.getCompactSerialization();
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JwtAccessTokens start() {
    BugDetectors.allowNetworkConnections((host, port) -> true);
    byte[] keys =
        new JsonWebKeySet(KEY).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY).getBytes(UTF_8);
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          call -> {
            try (call) {
              call.sendResponseHeaders(200, keys.length);
              call.getResponseBody().write(keys);
            }
          });
      server.start();
      Clock clock = Clock.fixed(Instant.ofEpochSecond(NOW), ZoneOffset.UTC);
      URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
      return JwtAccessTokens.start(new Config(url), clock, () -> 0, new SimpleMeterRegistry());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static void fuzzerInitialize() {
    for (String token : ISSUED) {
      Seeds.add("token-" + ISSUED.indexOf(token), ("t" + token).getBytes(US_ASCII));
    }
    Seeds.add(
        "c" + GOOD,
        "c" + claims("\"media\"", NOW - LEEWAY, ""),
        "c" + claims("\"media\"", 99_999_999_999L, ",\"nbf\":" + NOW + ",\"iat\":0"),
        "c" + claims("[\"media\"]", NOW, ""),
        "c" + claims("\"system:serviceaccount:media:recorder\"", NOW, ",\"jti\":\"1\""),
        "c" + claims("\"media\"", NOW, "").replace("\"keybroker\"", "[\"a\",\"keybroker\"]"));
    holds(verify(ISSUED.getFirst()) != null, "the issuer's own token is not believed");
  }

  public static void fuzzerTestOneInput(byte[] input) throws JoseException {
    if (input.length == 0) {
      return;
    }
    String text = new String(input, 1, input.length - 1, UTF_8);
    if (input[0] == 't') {
      Caller caller = verify(text);
      holds(
          caller == null || ISSUED.stream().anyMatch(token -> signed(token).equals(signed(text))),
          "believed what the issuer did not sign");
    } else {
      Caller caller = verify(sign(text));
      holds(caller == null || isGood(text, caller), "believed what it must not");
    }
  }

  /// All but the signature, of which there may be several for one text.
  private static String signed(String token) {
    return token.substring(0, token.lastIndexOf('.') + 1);
  }

  private static @Nullable Caller verify(String token) {
    try {
      ProvenCaller proven = TOKENS.verify(token).await().atMost(Duration.ofSeconds(5));
      return proven.caller();
    } catch (AuthenticationFailure e) {
      return null;
    }
  }

  private static boolean isGood(String text, Caller caller) throws JoseException {
    Map<String, Object> claims = JsonUtil.parseJson(text);
    Object audience = claims.get("aud");
    boolean forUs =
        audience instanceof List<?> several
            ? several.contains(AUDIENCE)
            : AUDIENCE.equals(audience);
    return forUs
        && ISSUER.equals(claims.get("iss"))
        && claims.get("exp") instanceof Number expires
        && expires.doubleValue() > NOW - LEEWAY - 1
        && (!(claims.get("nbf") instanceof Number begins)
            || begins.doubleValue() < NOW + LEEWAY + 1)
        && caller.kind() == Caller.Kind.JWT
        && caller.subject().equals(claims.get("sub"))
        && caller.subject().matches("[!-~]{1,255}");
  }

  private record Config(URI url) implements JwtConfig {
    @Override
    public Optional<String> issuer() {
      return Optional.of(ISSUER);
    }

    @Override
    public Optional<Set<String>> audience() {
      return Optional.of(Set.of(AUDIENCE));
    }

    @Override
    public Optional<URI> jwksUrl() {
      return Optional.of(url);
    }

    @Override
    public Optional<Path> jwksCa() {
      return Optional.empty();
    }

    @Override
    public Optional<Path> jwksTokenFile() {
      return Optional.empty();
    }

    @Override
    public Set<String> algorithms() {
      return Set.of("RS256", "ES256");
    }

    @Override
    public Duration leeway() {
      return Duration.ofSeconds(LEEWAY);
    }

    @Override
    public Duration refreshPeriod() {
      return Duration.ofHours(1);
    }

    @Override
    public Duration retry() {
      return Duration.ofHours(1);
    }

    @Override
    public Duration timeout() {
      return Duration.ofSeconds(5);
    }

    @Override
    public Duration cacheTime() {
      return Duration.ofMinutes(5);
    }

    @Override
    public long cacheSize() {
      return 100;
    }
  }
}
