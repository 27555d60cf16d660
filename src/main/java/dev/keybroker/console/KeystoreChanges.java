package dev.keybroker.console;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.RotationPeriod;
import dev.keybroker.v1.UpdateKeystoreRequest;
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
import java.util.UUID;

/// Changes of a saved keystore. Each asks first, and returns to the keystore's page.
@Path("/tenants/{tenant}/keystores/{keystore}")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class KeystoreChanges {
  private final Api api;
  private final Pages pages;

  KeystoreChanges(Api api, Pages pages) {
    this.api = api;
    this.pages = pages;
  }

  /// Asks whether to change the keystore. The question has the id of the request, so that a form
  /// that is sent twice makes one KEK, or starts one re-encryption.
  @GET
  @Path("{change: rotate|re-encrypt|restore}")
  public TemplateInstance ask(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("change") String change) {
    boolean restores = change.equals("restore");
    String requestId = restores ? "" : UUID.randomUUID().toString();
    return ask(
        tenant,
        ofKeystore(change, name(tenant, keystore), requestId),
        new Question(restores ? "restore-keystore" : change, keystore, "", requestId));
  }

  /// Changes the keystore.
  @POST
  @Path("{change: rotate|re-encrypt|restore}")
  public Response change(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("change") String change,
      @FormParam("request_id") @DefaultValue("") String requestId) {
    String name = name(tenant, keystore);
    return make(ofKeystore(change, name, requestId), name);
  }

  /// Changes the period of the key's changes.
  @POST
  @Path("period")
  public Response period(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @FormParam("etag") @DefaultValue("") String etag,
      @FormParam("period") @DefaultValue("") String period) {
    String name = name(tenant, keystore);
    return make(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(name)
                    .setEtag(etag)
                    .setRotationPeriod(Choice.of(RotationPeriod.class, "ROTATION_PERIOD_", period)))
            .setUpdateMask(FieldMask.newBuilder().addPaths("rotation_period"))
            .build(),
        name);
  }

  /// Asks whether to change the state of a KEK.
  @GET
  @Path("keks/{kek}/{change: disable|enable|restore}")
  public TemplateInstance askOfKek(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek,
      @PathParam("change") String change) {
    return ask(
        tenant,
        ofKek(change, name(tenant, keystore) + "/keks/" + kek),
        new Question(change, keystore, kek, ""));
  }

  /// Changes the state of a KEK.
  @POST
  @Path("keks/{kek}/{change: disable|enable|restore}")
  public Response changeOfKek(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek,
      @PathParam("change") String change) {
    String name = name(tenant, keystore);
    return make(ofKek(change, name + "/keks/" + kek), name);
  }

  private static Message ofKeystore(String change, String name, String requestId) {
    return switch (change) {
      case "rotate" -> RotateKekRequest.newBuilder().setName(name).setRequestId(requestId).build();
      case "re-encrypt" ->
          ReEncryptKeksRequest.newBuilder().setName(name).setRequestId(requestId).build();
      default -> RestoreKeystoreRequest.newBuilder().setName(name).build();
    };
  }

  private static Message ofKek(String change, String kek) {
    return switch (change) {
      case "disable" -> DisableKekRequest.newBuilder().setName(kek).build();
      case "enable" -> EnableKekRequest.newBuilder().setName(kek).build();
      default -> RestoreKekRequest.newBuilder().setName(kek).build();
    };
  }

  private TemplateInstance ask(String tenant, Message request, Question question) {
    String rpc = request.getDescriptorForType().getName().replaceFirst("Request$", "");
    return pages.ask(
        tenant,
        question.keystore(),
        ApiCall.grpcurl("Keystores/" + rpc, request),
        page -> Screens.question(page, question));
  }

  /// Returns to the page of the keystore.
  private Response make(Message request, String keystore) {
    switch (request) {
      case RotateKekRequest rotate -> api.keystores(rotate, Keystores::rotateKek);
      case ReEncryptKeksRequest move -> api.keystores(move, Keystores::reEncryptKeks);
      case RestoreKeystoreRequest restore -> api.keystores(restore, Keystores::restoreKeystore);
      case UpdateKeystoreRequest update -> api.keystores(update, Keystores::updateKeystore);
      case DisableKekRequest disable -> api.keystores(disable, Keystores::disableKek);
      case EnableKekRequest enable -> api.keystores(enable, Keystores::enableKek);
      case RestoreKekRequest restore -> restore(restore);
      default -> throw new IllegalArgumentException(request.getDescriptorForType().getName());
    }
    return Response.seeOther(URI.create("/" + keystore)).build();
  }

  private void restore(RestoreKekRequest request) {
    try {
      api.keystores(request, Keystores::restoreKek);
    } catch (RefusedCall refused) {
      if (!api.isRepeated(refused, request.getName(), KekState.KEK_STATE_DISABLED)) {
        throw refused;
      }
    }
  }

  private static String name(String tenant, String keystore) {
    return "tenants/" + tenant + "/keystores/" + keystore;
  }
}
