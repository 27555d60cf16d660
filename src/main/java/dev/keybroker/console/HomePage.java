package dev.keybroker.console;

import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import dev.keybroker.kek.KeystoreName;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;

/// The start of the console: which tenant?
@Path("/")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class HomePage {
  private final Visitor visitor;
  private final Pages pages;

  HomePage(Visitor visitor, Pages pages) {
    this.visitor = visitor;
    this.pages = pages;
  }

  /// Asks for a tenant, or leads to its keystores; an auditor, to its audit trail.
  @GET
  public Response home(@QueryParam("tenant") @DefaultValue("") String tenant) {
    if (KeystoreName.isId(tenant)) {
      boolean views = visitor.may(Permission.KEYSTORE_VIEW, new Target(tenant, null));
      boolean audits = visitor.may(Permission.AUDIT_VIEW, new Target(tenant, null));
      return Response.seeOther(
              URI.create("/tenants/" + tenant + (audits && !views ? "/audit" : "")))
          .build();
    }
    TemplateInstance page = pages.show(it -> Screens.home(it, tenant));
    return Response.status(tenant.isEmpty() ? 200 : 400).entity(page).build();
  }
}
