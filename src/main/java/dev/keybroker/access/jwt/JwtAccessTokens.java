package dev.keybroker.access.jwt;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.access.AccessTokens;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.access.Caller;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.VerificationJwkSelector;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.lang.JoseException;
import org.jose4j.lang.UnresolvableKeyException;

/// Verifies signed tokens of one issuer. A verified token is remembered by its SHA-256 for a
/// bounded time. Signatures (some 100 µs each) are verified on one thread with a bounded queue, so
/// that bad tokens cost neither the event loop nor unbounded memory; the issuer's keys are fetched
/// on another thread.
public final class JwtAccessTokens implements AccessTokens, AutoCloseable {
  private static final Pattern SUBJECT = Pattern.compile("[\\x21-\\x7e]{1,255}");

  private final Set<String> audience;
  private final String issuer;
  private final String[] algorithms;
  private final Duration leeway;
  private final Duration cacheTime;
  private final IssuerKeys keys;
  private final Clock clock;
  private final Ticker ticker;
  private final Cache<ByteBuffer, ProvenCaller> proven;
  private final TokenLane lane;

  private JwtAccessTokens(
      JwtConfig config,
      String issuer,
      IssuerKeys keys,
      TokenLane lane,
      Clock clock,
      Ticker ticker) {
    this.issuer = issuer;
    this.audience = config.audience().orElseThrow();
    this.algorithms = config.algorithms().toArray(String[]::new);
    this.leeway = config.leeway();
    this.cacheTime = config.cacheTime();
    this.keys = keys;
    this.lane = lane;
    this.clock = clock;
    this.ticker = ticker;
    this.proven = Caffeine.newBuilder().maximumSize(config.cacheSize()).build();
  }

  /// Starts fetching the issuer's keys.
  ///
  /// @param config with an issuer, an audience and the address of its keys
  public static JwtAccessTokens start(
      JwtConfig config, Clock clock, Ticker ticker, MeterRegistry meters) {
    JwksEndpoint endpoint =
        new JwksEndpoint(
            config.jwksUrl().orElseThrow(),
            config.jwksCa(),
            config.jwksTokenFile(),
            config.timeout());
    IssuerKeys keys =
        new IssuerKeys(endpoint, config.refreshPeriod(), config.retry(), ticker, meters);
    keys.start();
    return new JwtAccessTokens(
        config, config.issuer().orElseThrow(), keys, new TokenLane(meters), clock, ticker);
  }

  @Override
  public Uni<ProvenCaller> verify(String token) {
    ByteBuffer digest = digest(token);
    ProvenCaller known = proven.getIfPresent(digest);
    if (known != null && known.untilNanos() - ticker.read() > 0) {
      return Uni.createFrom().item(known);
    }
    return lane.run(() -> prove(token, digest, keys.known()))
        .onFailure(UnresolvableKeyException.class)
        .recoverWithUni(
            () ->
                keys.refresh()
                    .chain(isCurrent -> lane.run(() -> proveAgain(token, digest, isCurrent))));
  }

  private ProvenCaller proveAgain(String token, ByteBuffer digest, boolean isCurrent) {
    try {
      return prove(token, digest, keys.known());
    } catch (UnresolvableKeyException unknownKey) {
      throw isCurrent
          ? new AuthenticationFailure.TokenInvalid()
          : new AuthenticationFailure.KeysUnavailable();
    }
  }

  private static ByteBuffer digest(String token) {
    try {
      return ByteBuffer.wrap(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private ProvenCaller prove(String token, ByteBuffer digest, List<JsonWebKey> known)
      throws UnresolvableKeyException {
    JwtClaims claims = claims(token, known);
    try {
      String subject = claims.getSubject();
      if (!SUBJECT.matcher(subject).matches()) {
        throw new AuthenticationFailure.TokenInvalid();
      }
      // Clamped to the range of an Instant, because a token may be valid for longer.
      long expires = Math.min(claims.getExpirationTime().getValue(), Instant.MAX.getEpochSecond());
      Duration left = Duration.between(clock.instant(), Instant.ofEpochSecond(expires));
      Duration believed = left.compareTo(cacheTime) < 0 ? left : cacheTime;
      ProvenCaller caller =
          new ProvenCaller(
              new Caller(Caller.Kind.JWT, subject), ticker.read() + believed.toNanos());
      if (believed.isPositive()) {
        proven.put(digest, caller);
      }
      return caller;
    } catch (MalformedClaimException e) {
      throw new AuthenticationFailure.TokenInvalid();
    }
  }

  private JwtClaims claims(String token, List<JsonWebKey> known) throws UnresolvableKeyException {
    JwtConsumer consumer =
        new JwtConsumerBuilder()
            .setEvaluationTime(NumericDate.fromMilliseconds(clock.millis()))
            .setAllowedClockSkewInSeconds((int) leeway.toSeconds())
            .setRequireExpirationTime()
            .setRequireSubject()
            .setExpectedIssuer(true, issuer)
            .setExpectedAudience(true, audience.toArray(String[]::new))
            .setJwsAlgorithmConstraints(ConstraintType.PERMIT, algorithms)
            .setVerificationKeyResolver((jws, context) -> key(jws, known))
            .build();
    try {
      return consumer.processToClaims(token);
    } catch (InvalidJwtException e) {
      // The exception's text contains claims, so it must not be passed on.
      if (e.getCause() instanceof UnresolvableKeyException unknownKey) {
        throw unknownKey;
      }
      throw e.getErrorDetails().size() == 1 && e.hasErrorCode(ErrorCodes.EXPIRED)
          ? new AuthenticationFailure.TokenExpired()
          : new AuthenticationFailure.TokenInvalid();
    }
  }

  private static Key key(JsonWebSignature jws, List<JsonWebKey> known)
      throws UnresolvableKeyException {
    try {
      JsonWebKey key = new VerificationJwkSelector().select(jws, known);
      if (key == null) {
        throw new UnresolvableKeyException("unknown key");
      }
      return key.getKey();
    } catch (JoseException e) {
      throw new UnresolvableKeyException("unusable key");
    }
  }

  @Override
  public void close() {
    lane.close();
    keys.close();
  }
}
