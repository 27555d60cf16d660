package dev.keybroker.console;

import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.CheckPipelineResponse;
import dev.keybroker.v1.Keystores;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Checks the policies of a pipeline from Amazon Connect to a bucket.
@Path("/tenants/{tenant}/pipeline")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class PipelinePage {
  private final Api api;
  private final Visitor visitor;
  private final Pages pages;

  PipelinePage(Api api, Visitor visitor, Pages pages) {
    this.api = api;
    this.visitor = visitor;
    this.pages = pages;
  }

  /// The empty form.
  @GET
  public TemplateInstance form(@PathParam("tenant") String tenant) {
    if (!visitor.may(Permission.KEYSTORE_VIEW, new Target(tenant, null))) {
      throw RefusedCall.denied();
    }
    return show(tenant, new PipelineForm(), null, null);
  }

  /// Runs the check.
  @POST
  public Response check(@PathParam("tenant") String tenant, @BeanParam PipelineForm form) {
    try {
      CheckPipelineResponse found = api.keystores(form.request(tenant), Keystores::checkPipeline);
      return Response.ok(
              show(
                  tenant,
                  form,
                  found.getFindingsList().stream().map(FindingView::of).toList(),
                  null))
          .build();
    } catch (RefusedCall refused) {
      return Response.status(refused.httpStatus())
          .entity(show(tenant, form, null, RefusalView.of(refused)))
          .build();
    }
  }

  private TemplateInstance show(
      String tenant,
      PipelineForm form,
      @Nullable List<FindingView> findings,
      @Nullable RefusalView refusal) {
    CheckPipelineRequest request = form.request(tenant);
    return pages.show(
        tenant,
        null,
        ApiCall.grpcurl("Keystores/CheckPipeline", request),
        page -> Screens.pipeline(page, form, findings, refusal));
  }
}
