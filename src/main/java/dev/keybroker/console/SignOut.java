package dev.keybroker.console;

import io.quarkus.oidc.OidcConfigurationMetadata;
import io.quarkus.oidc.OidcSession;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriBuilder;
import java.net.URI;
import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jspecify.annotations.Nullable;

/// Ends a session at the broker, and then at the provider, if the provider names an address for it
/// (RP-initiated logout). Otherwise the next sign-in would ask for nothing.
@Path("/sign-out")
@Singleton
@Produces(MediaType.TEXT_HTML)
public class SignOut {
  private static final String METADATA = "configuration-metadata";

  private final SecurityIdentity identity;
  private final OidcSession session;
  private final Pages pages;

  SignOut(SecurityIdentity identity, OidcSession session, Pages pages) {
    this.identity = identity;
    this.session = session;
    this.pages = pages;
  }

  /// Deletes the session's cookie and leads to the provider.
  @POST
  public Uni<Response> signOut() {
    URI provider = provider();
    return session
        .logout()
        .map(
            ignored -> {
              Response.ResponseBuilder page = Response.ok(pages.show(Screens::signedOut));
              // A redirect of a form to another site would contradict the policy of the pages.
              return provider == null
                  ? page.build()
                  : page.header("Refresh", "0; url=" + provider).build();
            });
  }

  private @Nullable URI provider() {
    if (identity.getPrincipal() instanceof JsonWebToken token
        && identity.getAttribute(METADATA) instanceof OidcConfigurationMetadata metadata
        && metadata.getEndSessionUri() != null) {
      return UriBuilder.fromUri(metadata.getEndSessionUri())
          .queryParam("id_token_hint", token.getRawToken())
          .build();
    }
    return null;
  }
}
