package dev.keybroker.console;

import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.RootKeyUsage;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;

/// What a tenant's keystores still need their KMS keys for.
@Path("/tenants/{tenant}/root-keys")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class RootKeyPage {
  private final Api api;
  private final Pages pages;
  private final Clock clock;

  RootKeyPage(Api api, Pages pages, Clock clock) {
    this.api = api;
    this.pages = pages;
    this.clock = clock;
  }

  /// Lists the KMS keys.
  @GET
  public TemplateInstance usage(@PathParam("tenant") String tenant) {
    GetRootKeyUsageRequest request =
        GetRootKeyUsageRequest.newBuilder().setParent("tenants/" + tenant).build();
    RootKeyUsage usage = api.keystores(request, Keystores::getRootKeyUsage);
    return pages.show(
        tenant,
        null,
        ApiCall.grpcurl("Keystores/GetRootKeyUsage", request),
        page ->
            Screens.rootKeys(
                page,
                usage.getKeysList().stream()
                    .map(key -> UsageView.of(key, clock.instant()))
                    .toList()));
  }
}
