package dev.keybroker.console;

import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.ListTenantsResponse;
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
import org.jspecify.annotations.Nullable;

/// The start of the console: which tenant?
@Path("/")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class HomePage {
  private final Api api;
  private final Visitor visitor;
  private final Pages pages;

  HomePage(Api api, Visitor visitor, Pages pages) {
    this.api = api;
    this.visitor = visitor;
    this.pages = pages;
  }

  /// Asks for a tenant, or leads to its keystores; an auditor, to its audit trail.
  ///
  /// @param after the token of the page of tenants; empty for the first
  @GET
  public Response home(
      @QueryParam("tenant") @DefaultValue("") String tenant,
      @QueryParam("after") @DefaultValue("") String after) {
    if (KeystoreName.isId(tenant)) {
      boolean views = visitor.may(Permission.KEYSTORE_VIEW, new Target(tenant, null));
      boolean audits = visitor.may(Permission.AUDIT_VIEW, new Target(tenant, null));
      return Response.seeOther(
              URI.create("/tenants/" + tenant + (audits && !views ? "/audit" : "")))
          .build();
    }
    return Response.status(tenant.isEmpty() ? 200 : 400).entity(choice(tenant, after)).build();
  }

  /// Without the list, visitors can still enter the tenant's id.
  private TemplateInstance choice(String tenant, String after) {
    if (!visitor.mayOnSomeTenant(Permission.KEYSTORE_VIEW)) {
      return page("", tenant, ListTenantsResponse.getDefaultInstance(), null);
    }
    ListTenantsRequest request = ListTenantsRequest.newBuilder().setPageToken(after).build();
    String call = ApiCall.grpcurl("Keystores/ListTenants", request);
    try {
      return page(call, tenant, api.keystores(request, Keystores::listTenants), null);
    } catch (RefusedCall e) {
      return page(call, tenant, ListTenantsResponse.getDefaultInstance(), RefusalView.of(e));
    }
  }

  private TemplateInstance page(
      String call, String entered, ListTenantsResponse found, @Nullable RefusalView refusal) {
    return pages.show(
        null,
        null,
        call,
        page ->
            Screens.home(
                page,
                entered,
                found.getTenantsList().stream()
                    .map(tenant -> tenant.getName().substring("tenants/".length()))
                    .toList(),
                found.getNextPageToken(),
                refusal));
  }
}
