package dev.keybroker.console;

import io.quarkus.oidc.OidcSession;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/// Ends a session at the broker. The provider's own session is the provider's matter.
@Path("/sign-out")
@Singleton
@Produces(MediaType.TEXT_HTML)
public class SignOut {
  private final OidcSession session;
  private final Pages pages;

  SignOut(OidcSession session, Pages pages) {
    this.session = session;
    this.pages = pages;
  }

  /// Deletes the session's cookie.
  @POST
  public Uni<TemplateInstance> signOut() {
    return session.logout().replaceWith(() -> pages.show(Screens::signedOut));
  }
}
