package dev.keybroker.console;

import io.quarkus.qute.TemplateInstance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/// The page after a form that was sent too late. It needs no session.
@Path(SessionEnded.PATH)
@Singleton
@Produces(MediaType.TEXT_HTML)
public class SessionEnded {
  static final String PATH = "/session-ended";

  private final Pages pages;

  SessionEnded(Pages pages) {
    this.pages = pages;
  }

  /// Says that the form had no effect, and leads to a new sign-in.
  @GET
  public TemplateInstance sessionEnded() {
    return pages.show(Screens::sessionEnded);
  }
}
