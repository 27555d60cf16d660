package dev.keybroker.console;

import io.quarkus.oidc.runtime.OidcAuthenticationMechanism;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.quarkus.vertx.http.runtime.security.HttpCredentialTransport;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Singleton;
import java.util.Set;

/// Leads visitors without a session to the provider, if they asked for a page. Forms and requests
/// of scripts lead to [SessionEnded]: the pages' policy forbids them to lead to another site, so a
/// browser would show nothing.
@Alternative
@Priority(1)
@Singleton
class SignIn implements HttpAuthenticationMechanism {
  private final OidcAuthenticationMechanism provider;

  SignIn(OidcAuthenticationMechanism provider) {
    this.provider = provider;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext context, IdentityProviderManager identities) {
    return provider.authenticate(context, identities);
  }

  /// The provider's challenge also deletes the cookie of the session that has ended.
  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext context) {
    return provider.getChallenge(context).map(redirect -> challenge(context.request(), redirect));
  }

  private static ChallengeData challenge(HttpServerRequest request, ChallengeData redirect) {
    if (request.getHeader("HX-Request") != null) {
      return new ChallengeData(401, "HX-Redirect", SessionEnded.PATH);
    }
    return request.method().equals(HttpMethod.POST)
        ? new ChallengeData(303, "Location", SessionEnded.PATH)
        : redirect;
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return provider.getCredentialTypes();
  }

  @Override
  public Uni<HttpCredentialTransport> getCredentialTransport(RoutingContext context) {
    return provider.getCredentialTransport(context);
  }

  /// Before the provider's mechanism alone.
  @Override
  public int getPriority() {
    return provider.getPriority() + 1;
  }
}
