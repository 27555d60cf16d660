package dev.keybroker.access.jwt;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// Callers by bearer token (JWT): of an OpenID Connect provider, or service-account tokens of
/// Kubernetes. On where `issuer` is set. One issuer, since its `sub` alone is the caller's name.
@ConfigMapping(prefix = "keybroker.jwt")
public interface JwtConfig {
  /// What a token must say in `iss`, to the letter. Kubernetes:
  /// `https://kubernetes.default.svc.cluster.local`, or what the cluster's
  /// `--service-account-issuer` is.
  Optional<String> issuer();

  /// What a token must say in `aud`, one of these at least. Required with `issuer`. A name that is
  /// this deployment's alone, or tokens for other services would be good here.
  Optional<Set<String>> audience();

  /// Where the issuer's keys are (JWKS): `https`, or `http` on the loopback interface. Required
  /// with `issuer`. Kubernetes: `https://kubernetes.default.svc/openid/v1/jwks`.
  Optional<URI> jwksUrl();

  /// The authorities, PEM, that `jwks-url` must be certified by; read again at each fetch. None:
  /// those of the JVM. Kubernetes: `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`.
  Optional<Path> jwksCa();

  /// The broker's own token for `jwks-url`; read again at each fetch. None: the keys are fetched
  /// without. Kubernetes: `/var/run/secrets/kubernetes.io/serviceaccount/token`.
  Optional<Path> jwksTokenFile();

  /// The signature algorithms that are accepted, of `RS256 RS384 RS512 PS256 PS384 PS512 ES256
  /// ES384 ES512 EdDSA`.
  @WithDefault("RS256,ES256")
  Set<String> algorithms();

  /// By how much the clocks of issuer and broker may differ (`exp`, `nbf`). 0 to 2 min.
  @WithDefault("10s")
  Duration leeway();

  /// How old the issuer's keys get before they are fetched again. So long a key that the issuer has
  /// withdrawn is believed. Above zero.
  @WithDefault("5m")
  Duration refreshPeriod();

  /// How soon after a fetch the keys may be fetched again, because it failed or because a token
  /// names a key that is not among them. Above zero.
  @WithDefault("5s")
  Duration retry();

  /// Longest time of a fetch, from the connection to the last byte of the answer. Above zero.
  @WithDefault("5s")
  Duration timeout();

  /// How long a verified token is believed without another look at its signature, never beyond its
  /// `exp`. Zero: each call verifies it.
  @WithDefault("5m")
  Duration cacheTime();

  /// Most verified tokens kept, by their SHA-256. At least 1.
  @WithDefault("10000")
  long cacheSize();
}
