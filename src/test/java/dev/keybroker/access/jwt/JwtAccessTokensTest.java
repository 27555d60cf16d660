package dev.keybroker.access.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.access.AccessTokens.ProvenCaller;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.access.Caller;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestIssuer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // set before each test
class JwtAccessTokensTest {
  private static final PublicJsonWebKey RSA = TestIssuer.rsa("rsa-1");
  private static final PublicJsonWebKey EC = TestIssuer.ec("ec-1");
  private static final Duration RETRY = Duration.ofSeconds(5);

  @TempDir Path folder;
  private Path jwks;
  private TestIssuer issuer;
  private JwtAccessTokens tokens;
  private final AtomicReference<Duration> passed = new AtomicReference<>(Duration.ZERO);
  private final Ticker ticker = () -> passed.get().toNanos();
  private final Clock clock =
      new Clock() {
        private final Instant start = Instant.now();

        @Override
        public Instant instant() {
          return start.plus(passed.get());
        }

        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          throw new UnsupportedOperationException();
        }
      };

  @BeforeEach
  void start() throws IOException {
    jwks = folder.resolve("jwks.json");
    TestIssuer.publish(jwks, RSA, EC);
    issuer = TestIssuer.start(jwks);
    tokens = tokens(Map.of());
  }

  @AfterEach
  void stop() {
    tokens.close();
    issuer.close();
  }

  private static JwtConfig config(Map<String, String> settings) {
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(JwtConfig.class)
            .withConverter(Duration.class, 200, new DurationConverter())
            .withDefaultValues(settings)
            .build();
    return config.getConfigMapping(JwtConfig.class);
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>();
    settings.put("keybroker.jwt.issuer", TestIssuer.ISSUER);
    settings.put("keybroker.jwt.audience", TestIssuer.AUDIENCE);
    settings.put("keybroker.jwt.jwks-url", issuer.url().toString());
    return settings;
  }

  private JwtAccessTokens tokens(Map<String, String> more) {
    Map<String, String> settings = settings();
    settings.putAll(more);
    return JwtAccessTokens.start(config(settings), clock, ticker, new SimpleMeterRegistry());
  }

  private ProvenCaller verify(String token) {
    return tokens.verify(token).await().atMost(Duration.ofSeconds(20));
  }

  private void pass(Duration time) {
    passed.updateAndGet(before -> before.plus(time));
  }

  @Test
  void goodToken_namesItsSubject() {
    Caller caller = new Caller(Caller.Kind.JWT, "system:serviceaccount:media:recorder");

    assertEquals(caller, verify(TestIssuer.token(RSA, caller.subject())).caller());
    assertEquals(caller, verify(TestIssuer.token(EC, caller.subject())).caller());
  }

  @Test
  void knownToken_isNotVerifiedAgain_untilItsTime() {
    String token = TestIssuer.token(EC, "media");
    ProvenCaller first = verify(token);
    pass(Duration.ofMinutes(4));
    assertSame(first, verify(token));
    pass(Duration.ofMinutes(1));
    ProvenCaller second = verify(token);
    assertTrue(second != first && second.caller().equals(first.caller()));
    // Ten minutes after its issue it is over, whatever is known.
    pass(Duration.ofMinutes(5).plus(Duration.ofMinutes(1)));
    assertThrows(AuthenticationFailure.TokenExpired.class, () -> verify(token));
  }

  @Test
  void knownToken_isNotBelievedBeyondItsEnd() {
    String token =
        TestIssuer.token(
            EC, "ES256", "media", claims -> claims.setExpirationTimeMinutesInTheFuture(1));
    verify(token);
    pass(Duration.ofSeconds(59 + 60));
    assertThrows(AuthenticationFailure.TokenExpired.class, () -> verify(token));
  }

  @ParameterizedTest
  @ValueSource(longs = {253_402_300_800L, 13_462_932_325_000_000L, Long.MAX_VALUE})
  void token_goodForAges_isGood(long expires) {
    String token =
        TestIssuer.token(
            EC,
            "ES256",
            "media",
            claims -> claims.setExpirationTime(NumericDate.fromSeconds(expires)));

    assertEquals("media", verify(token).caller().subject());
  }

  static Stream<Arguments> badClaims() {
    return Stream.of(
        bad("another issuer", claims -> claims.setIssuer("https://other.example")),
        bad("no issuer", claims -> claims.unsetClaim("iss")),
        bad("another audience", claims -> claims.setAudience("other")),
        bad("no audience", claims -> claims.unsetClaim("aud")),
        bad("no end", claims -> claims.unsetClaim("exp")),
        bad("no subject", claims -> claims.unsetClaim("sub")),
        bad("an empty subject", claims -> claims.setSubject("")),
        bad("a subject of two lines", claims -> claims.setSubject("a\nb")),
        bad("a subject too long", claims -> claims.setSubject("a".repeat(256))),
        bad("not yet good", claims -> claims.setNotBeforeMinutesInThePast(-2)),
        bad(
            "over, and for another audience",
            claims -> {
              claims.setAudience("other");
              claims.setExpirationTime(NumericDate.fromSeconds(1));
            }));
  }

  private static Arguments bad(String what, Consumer<JwtClaims> change) {
    return Arguments.of(what, change);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badClaims")
  void tokenWithBadClaims_isInvalid(String what, Consumer<JwtClaims> change) {
    String token = TestIssuer.token(RSA, "RS256", "media", change);
    assertThrows(AuthenticationFailure.TokenInvalid.class, () -> verify(token), what);
  }

  @Test
  void expiredToken_isToldApart() {
    String token =
        TestIssuer.token(
            RSA, "RS256", "media", claims -> claims.setExpirationTime(NumericDate.fromSeconds(1)));
    assertThrows(AuthenticationFailure.TokenExpired.class, () -> verify(token));
  }

  @Test
  void algorithmThatIsNotAllowed_isInvalid() throws Exception {
    String payload =
        """
        {"iss":"%s","aud":"%s","sub":"media","exp":%d}\
        """
            .formatted(
                TestIssuer.ISSUER, TestIssuer.AUDIENCE, clock.instant().getEpochSecond() + 600);
    String unsigned = TestIssuer.forged(Map.of("alg", "none"), payload, new byte[0]);
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(RSA.getPublicKey().getEncoded(), "HmacSHA256"));
    String signedByThePublicKey =
        TestIssuer.forged(
            Map.of("alg", "HS256", "kid", "rsa-1"),
            payload,
            mac.doFinal("anything".getBytes(StandardCharsets.US_ASCII)));
    String otherAlgorithm = TestIssuer.token(RSA, "RS512", "media", claims -> {});

    for (String token : List.of(unsigned, signedByThePublicKey, otherAlgorithm)) {
      assertThrows(AuthenticationFailure.TokenInvalid.class, () -> verify(token), token);
    }
  }

  @Test
  void tokenThatWasChanged_isInvalid() {
    String token = TestIssuer.token(EC, "media");
    int middle = token.indexOf('.') + 10;
    char other = token.charAt(middle) == 'A' ? 'B' : 'A';
    for (String changed :
        List.of(
            token.substring(0, middle) + other + token.substring(middle + 1),
            token.substring(0, token.lastIndexOf('.') + 1),
            token.substring(0, token.length() - 8),
            "",
            "a.b.c",
            "not a token")) {
      assertThrows(AuthenticationFailure.TokenInvalid.class, () -> verify(changed), changed);
    }
  }

  @Test
  void tokenOfAnotherKeyByTheSameId_isInvalid() {
    assertThrows(
        AuthenticationFailure.TokenInvalid.class,
        () -> verify(TestIssuer.token(TestIssuer.ec("ec-1"), "media")));
  }

  @Test
  void newKey_isFetchedWhenATokenNamesIt() throws IOException {
    verify(TestIssuer.token(RSA, "media"));
    PublicJsonWebKey next = TestIssuer.ec("ec-2");
    TestIssuer.publish(jwks, EC, next);
    pass(RETRY);

    verify(TestIssuer.token(next, "media"));
    // And the one that the issuer no longer has is no longer believed.
    pass(RETRY);
    String late =
        TestIssuer.token(RSA, "RS256", "late", claims -> claims.setClaim("extra", "another"));
    assertThrows(AuthenticationFailure.TokenInvalid.class, () -> verify(late));
  }

  @Test
  void unknownKeys_areNotFetchedForMoreOftenThanAllowed() {
    verify(TestIssuer.token(RSA, "media"));
    int before = issuer.fetches();
    for (int i = 0; i < 20; i++) {
      String token = TestIssuer.token(TestIssuer.ec("made-up-" + i), "media");
      assertThrows(AuthenticationFailure.TokenInvalid.class, () -> verify(token));
    }
    assertEquals(before, issuer.fetches());
    pass(RETRY);
    assertThrows(
        AuthenticationFailure.TokenInvalid.class,
        () -> verify(TestIssuer.token(TestIssuer.ec("made-up"), "media")));
    assertEquals(before + 1, issuer.fetches());
  }

  @Test
  void issuerThatIsDown_leavesTheKnownKeysGood() throws IOException {
    verify(TestIssuer.token(RSA, "media"));
    Files.delete(jwks);
    pass(Duration.ofHours(1));

    String known =
        TestIssuer.token(
            EC, "ES256", "media", claims -> claims.setExpirationTimeMinutesInTheFuture(120));
    verify(known);
    String unknown =
        TestIssuer.token(
            TestIssuer.ec("ec-2"),
            "ES256",
            "media",
            claims -> claims.setExpirationTimeMinutesInTheFuture(120));
    assertThrows(AuthenticationFailure.KeysUnavailable.class, () -> verify(unknown));
  }

  @Test
  void issuerThatWasNeverThere_isNotTheTokensFault() throws IOException {
    tokens.close();
    Files.delete(jwks);
    tokens = tokens(Map.of());
    String token = TestIssuer.token(RSA, "media");
    assertThrows(AuthenticationFailure.KeysUnavailable.class, () -> verify(token));

    TestIssuer.publish(jwks, RSA);
    pass(RETRY);
    assertEquals("media", verify(token).caller().subject());
  }

  @Test
  void endpointOfKubernetes_isReachedByItsAuthorityAndTheBrokersToken() throws Exception {
    tokens.close();
    TestAuthority authority = TestAuthority.create("kubernetes");
    Path ca = Files.writeString(folder.resolve("ca.crt"), authority.pem());
    Path own = Files.writeString(folder.resolve("token"), "of-the-broker\n");
    try (TestIssuer kubernetes =
        TestIssuer.startLikeKubernetes(jwks, authority.server(), "of-the-broker")) {
      tokens =
          tokens(
              Map.of(
                  "keybroker.jwt.jwks-url", kubernetes.url().toString(),
                  "keybroker.jwt.jwks-ca", ca.toString(),
                  "keybroker.jwt.jwks-token-file", own.toString()));
      String token = TestIssuer.token(RSA, "system:serviceaccount:media:recorder");
      assertEquals("system:serviceaccount:media:recorder", verify(token).caller().subject());

      // Both files are renewed in place.
      Files.writeString(own, "another");
      pass(RETRY);
      String unknown = TestIssuer.token(TestIssuer.ec("ec-9"), "media");
      assertThrows(AuthenticationFailure.KeysUnavailable.class, () -> verify(unknown));
      Files.writeString(ca, TestAuthority.create("kubernetes").pem());
      Files.writeString(own, "of-the-broker");
      pass(RETRY);
      assertThrows(AuthenticationFailure.KeysUnavailable.class, () -> verify(unknown));
    }
  }
}
