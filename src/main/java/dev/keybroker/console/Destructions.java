package dev.keybroker.console;

import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;

/// The destruction of a KEK and the deletion of a keystore. Each asks first and shows what still
/// needs the KEKs. If the API refuses because something does, it asks a second time.
@Path("/tenants/{tenant}/keystores/{keystore}")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class Destructions {
  private static final int LONGEST_WAIT_DAYS = 30;
  private static final int SHOWN = 50;

  private final Api api;
  private final Pages pages;

  Destructions(Api api, Pages pages) {
    this.api = api;
    this.pages = pages;
  }

  /// Asks whether to schedule the destruction of a KEK.
  @GET
  @Path("keks/{kek}/destroy")
  public TemplateInstance askToDestroy(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek) {
    return askToDestroy(
        tenant, keystore, request(name(tenant, keystore), kek, LONGEST_WAIT_DAYS, false), false);
  }

  /// Schedules the destruction of a KEK.
  ///
  /// @param days until the destruction, 7 to 30
  /// @param force whether to destroy a KEK that is in use
  @POST
  @Path("keks/{kek}/destroy")
  public Response destroy(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek,
      @FormParam("days") @DefaultValue("30") int days,
      @FormParam("force") @DefaultValue("false") boolean force) {
    ScheduleKekDestructionRequest request = request(name(tenant, keystore), kek, days, force);
    try {
      api.keystores(request, Keystores::scheduleKekDestruction);
    } catch (RefusedCall refused) {
      if (refused.reason().equals("KEK_IN_USE")) {
        return again(refused, askToDestroy(tenant, keystore, request, true));
      }
      if (!api.isRepeated(refused, request.getName(), KekState.KEK_STATE_DESTROY_SCHEDULED)) {
        throw refused;
      }
    }
    return Response.seeOther(URI.create("/" + name(tenant, keystore))).build();
  }

  /// Asks whether to delete a keystore.
  @GET
  @Path("delete")
  public TemplateInstance askToDelete(
      @PathParam("tenant") String tenant, @PathParam("keystore") String keystore) {
    String name = name(tenant, keystore);
    String etag =
        api.keystores(GetKeystoreRequest.newBuilder().setName(name).build(), Keystores::getKeystore)
            .getEtag();
    return askToDelete(tenant, keystore, etag, false);
  }

  /// Deletes a keystore.
  ///
  /// @param force whether to destroy its KEKs
  @POST
  @Path("delete")
  public Response delete(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @FormParam("etag") @DefaultValue("") String etag,
      @FormParam("force") @DefaultValue("false") boolean force) {
    try {
      api.keystores(
          DeleteKeystoreRequest.newBuilder()
              .setName(name(tenant, keystore))
              .setEtag(etag)
              .setForce(force)
              .build(),
          Keystores::deleteKeystore);
    } catch (RefusedCall refused) {
      if (refused.reason().equals("KEYSTORE_HAS_KEKS")) {
        return again(refused, askToDelete(tenant, keystore, etag, true));
      }
      throw refused;
    }
    String next = force ? name(tenant, keystore) : "tenants/" + tenant;
    return Response.seeOther(URI.create("/" + next)).build();
  }

  private TemplateInstance askToDestroy(
      String tenant, String keystore, ScheduleKekDestructionRequest request, boolean confirms) {
    List<KekUseView> uses =
        uses(name(tenant, keystore)).stream()
            .filter(use -> request.getName().endsWith("/" + use.kek()))
            .toList();
    return ask(
        tenant,
        ApiCall.grpcurl("Keystores/ScheduleKekDestruction", request),
        new Destruction(
            "destroy", keystore, uses, uses.size(), "", request.getWaitingPeriodDays(), confirms));
  }

  private TemplateInstance askToDelete(
      String tenant, String keystore, String etag, boolean confirms) {
    List<KekUseView> uses = uses(name(tenant, keystore));
    return ask(
        tenant,
        ApiCall.grpcurl(
            "Keystores/DeleteKeystore",
            DeleteKeystoreRequest.newBuilder()
                .setName(name(tenant, keystore))
                .setEtag(etag)
                .setForce(confirms)
                .build()),
        new Destruction(
            "delete",
            keystore,
            uses.stream().limit(SHOWN).toList(),
            uses.size(),
            etag,
            LONGEST_WAIT_DAYS,
            confirms));
  }

  private List<KekUseView> uses(String keystore) {
    return api
        .keystores(
            GetKeystoreUsageRequest.newBuilder().setName(keystore).build(),
            Keystores::getKeystoreUsage)
        .getKeksList()
        .stream()
        .map(usage -> KekUseView.of(usage, usage.getUnwraps30D() >= 0))
        .toList();
  }

  private TemplateInstance ask(String tenant, String grpcurl, Destruction destruction) {
    return pages.ask(
        tenant, destruction.keystore(), grpcurl, page -> Screens.destruction(page, destruction));
  }

  private static Response again(RefusedCall refused, TemplateInstance question) {
    return Response.status(refused.httpStatus()).entity(question).build();
  }

  private static ScheduleKekDestructionRequest request(
      String keystore, String kek, int days, boolean force) {
    return ScheduleKekDestructionRequest.newBuilder()
        .setName(keystore + "/keks/" + kek)
        .setWaitingPeriodDays(days)
        .setForce(force)
        .build();
  }

  private static String name(String tenant, String keystore) {
    return "tenants/" + tenant + "/keystores/" + keystore;
  }
}
