package dev.keybroker.access.jwt;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// Authentication of callers by bearer token (JWT): tokens of an OpenID Connect provider, or
/// service-account tokens of Kubernetes. Enabled if `issuer` is set. There can be only one issuer,
/// because the `sub` alone is the caller's name.
@ConfigMapping(prefix = "keybroker.jwt")
public interface JwtConfig {
  /// The exact value of a token's `iss`. Kubernetes:
  /// `https://kubernetes.default.svc.cluster.local`, or the value of the cluster's
  /// `--service-account-issuer`.
  Optional<String> issuer();

  /// The accepted values of a token's `aud`; a token must have at least one of them. Required with
  /// `issuer`. Use a name that only this deployment has; otherwise tokens for other services would
  /// be valid here.
  Optional<Set<String>> audience();

  /// The URL of the issuer's keys (JWKS): `https`, or `http` on the loopback interface. Required
  /// with `issuer`. Kubernetes: `https://kubernetes.default.svc/openid/v1/jwks`.
  Optional<URI> jwksUrl();

  /// A PEM file with the authorities that must certify `jwks-url`; read again at each fetch. If
  /// absent, the authorities of the JVM are used. Kubernetes:
  /// `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`.
  Optional<Path> jwksCa();

  /// The file with the broker's own token for `jwks-url`; read again at each fetch. If absent, the
  /// broker fetches the keys without a token. Kubernetes:
  /// `/var/run/secrets/kubernetes.io/serviceaccount/token`.
  Optional<Path> jwksTokenFile();

  /// The accepted signature algorithms.
  @WithDefault("RS256,ES256")
  @Bounds(
      pattern = "(RS|PS|ES)(256|384|512)|EdDSA",
      form = "out of `RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA`")
  Set<String> algorithms();

  /// The allowed difference between the clocks of issuer and broker (`exp`, `nbf`).
  @WithDefault("10s")
  @Bounds(atLeast = "0", atMost = "2 min")
  Duration leeway();

  /// How old the issuer's keys may be before the broker fetches them again. A key that the issuer
  /// has withdrawn is accepted for up to this time.
  @WithDefault("5m")
  @Bounds(above = "0")
  Duration refreshPeriod();

  /// The minimum time between two fetches, if a fetch failed or a token names an unknown key.
  @WithDefault("5s")
  @Bounds(above = "0")
  Duration retry();

  /// The timeout of a fetch, from the connection to the last byte of the response.
  @WithDefault("5s")
  @Bounds(above = "0")
  Duration timeout();

  /// How long a verified token is accepted without verifying its signature again, but never beyond
  /// its `exp`. With zero, each call verifies it.
  @WithDefault("5m")
  @Bounds(atLeast = "0")
  Duration cacheTime();

  /// The maximum number of verified tokens to remember, by their SHA-256.
  @WithDefault("10000")
  @Bounds(atLeast = "1")
  long cacheSize();
}
