package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.access.AccessTokens;
import dev.keybroker.access.Authentication;
import dev.keybroker.access.jwt.JwtAccessTokens;
import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.grpc.transport.ServerTls;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Creates the authentication of callers from the settings.
class CallerProof {
  @Produces
  @Singleton
  static Authentication authentication(
      ServerTls tls, JwtConfig jwt, Clock clock, Ticker ticker, MeterRegistry meters) {
    return new Authentication(tls.asksForCertificates(), tokens(jwt, clock, ticker, meters));
  }

  private static @Nullable AccessTokens tokens(
      JwtConfig config, Clock clock, Ticker ticker, MeterRegistry meters) {
    List<String> violations = Contradictions.in(config);
    if (!violations.isEmpty()) {
      throw new IllegalStateException(String.join("; ", violations));
    }
    return config.issuer().isEmpty() ? null : JwtAccessTokens.start(config, clock, ticker, meters);
  }

  void stop(@Observes ShutdownEvent event, Authentication authentication) {
    AccessTokens tokens = authentication.tokens();
    if (tokens != null) {
      tokens.close();
    }
  }
}
