package dev.keybroker.access.jwt;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/// Checks the settings of tokens against each other.
public final class JwtRules {
  private static final Set<String> ALGORITHMS =
      Set.of(
          "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA");
  private static final Duration LARGEST_LEEWAY = Duration.ofMinutes(2);

  private JwtRules() {}

  /// Returns the violations, one sentence each, which names the setting.
  public static List<String> violations(JwtConfig config) {
    List<String> violations = new ArrayList<>();
    if (config.issuer().isEmpty()) {
      if (config.audience().isPresent() || config.jwksUrl().isPresent()) {
        violations.add(
            "keybroker.jwt.issuer is missing, though keybroker.jwt.audience or"
                + " keybroker.jwt.jwks-url is set");
      }
      return violations;
    }
    if (config.audience().filter(it -> !it.isEmpty()).isEmpty()) {
      violations.add("keybroker.jwt.audience is missing, though keybroker.jwt.issuer is set");
    }
    config
        .jwksUrl()
        .ifPresentOrElse(
            url -> {
              if (!isProtected(url)) {
                violations.add(
                    "keybroker.jwt.jwks-url must be https: an attacker with the power to change the"
                        + " keys in transit could pass for any caller");
              }
            },
            () ->
                violations.add(
                    "keybroker.jwt.jwks-url is missing, though keybroker.jwt.issuer is set"));
    if (config.algorithms().isEmpty() || !ALGORITHMS.containsAll(config.algorithms())) {
      violations.add("keybroker.jwt.algorithms must be of " + new TreeSet<>(ALGORITHMS));
    }
    if (config.leeway().isNegative() || config.leeway().compareTo(LARGEST_LEEWAY) > 0) {
      violations.add("keybroker.jwt.leeway must be 0 to 2 min");
    }
    positive("keybroker.jwt.refresh-period", config.refreshPeriod(), violations);
    positive("keybroker.jwt.retry", config.retry(), violations);
    positive("keybroker.jwt.timeout", config.timeout(), violations);
    if (config.cacheTime().isNegative()) {
      violations.add("keybroker.jwt.cache-time must not be negative");
    }
    if (config.cacheSize() < 1) {
      violations.add("keybroker.jwt.cache-size must be at least 1");
    }
    return violations;
  }

  private static boolean isProtected(URI url) {
    String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
    if (url.getHost() == null) {
      return false;
    }
    if (scheme.equals("https")) {
      return true;
    }
    try {
      return scheme.equals("http") && InetAddress.getByName(url.getHost()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static void positive(String name, Duration value, List<String> violations) {
    if (!value.isPositive()) {
      violations.add(name + " must be above zero");
    }
  }
}
