package dev.keybroker.console;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKekRequest;
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

  /// Asks whether to change the key now. The question has the id of the request, so that a form
  /// that is sent twice makes one KEK.
  @GET
  @Path("rotate")
  public TemplateInstance askToRotate(
      @PathParam("tenant") String tenant, @PathParam("keystore") String keystore) {
    RotateKekRequest request =
        RotateKekRequest.newBuilder()
            .setName(name(tenant, keystore))
            .setRequestId(UUID.randomUUID().toString())
            .build();
    return ask(
        tenant,
        keystore,
        "Keystores/RotateKek",
        request,
        new Question("rotate", keystore, "", request.getRequestId()));
  }

  /// Changes the key now.
  @POST
  @Path("rotate")
  public Response rotate(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @FormParam("request_id") @DefaultValue("") String requestId) {
    api.keystores(
        RotateKekRequest.newBuilder()
            .setName(name(tenant, keystore))
            .setRequestId(requestId)
            .build(),
        Keystores::rotateKek);
    return done(tenant, keystore);
  }

  /// Changes the period of the key's changes.
  @POST
  @Path("period")
  public Response period(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @FormParam("etag") @DefaultValue("") String etag,
      @FormParam("period") @DefaultValue("") String period) {
    api.keystores(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(name(tenant, keystore))
                    .setEtag(etag)
                    .setRotationPeriod(Choice.of(RotationPeriod.class, "ROTATION_PERIOD_", period)))
            .setUpdateMask(FieldMask.newBuilder().addPaths("rotation_period"))
            .build(),
        Keystores::updateKeystore);
    return done(tenant, keystore);
  }

  /// Asks whether to change the state of a KEK.
  @GET
  @Path("keks/{kek}/{change: disable|enable|restore}")
  public TemplateInstance askToChange(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek,
      @PathParam("change") String change) {
    return ask(
        tenant,
        keystore,
        "Keystores/" + rpc(change),
        request(change, name(tenant, keystore) + "/keks/" + kek),
        new Question(change, keystore, kek, ""));
  }

  /// Changes the state of a KEK.
  @POST
  @Path("keks/{kek}/{change: disable|enable|restore}")
  public Response change(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @PathParam("kek") String kek,
      @PathParam("change") String change) {
    switch (request(change, name(tenant, keystore) + "/keks/" + kek)) {
      case DisableKekRequest disable -> api.keystores(disable, Keystores::disableKek);
      case EnableKekRequest enable -> api.keystores(enable, Keystores::enableKek);
      case RestoreKekRequest restore -> restore(restore);
      default -> throw new IllegalArgumentException(change);
    }
    return done(tenant, keystore);
  }

  /// The same form may have been sent before.
  private void restore(RestoreKekRequest request) {
    try {
      api.keystores(request, Keystores::restoreKek);
    } catch (RefusedCall refused) {
      GetKekRequest kek = GetKekRequest.newBuilder().setName(request.getName()).build();
      if (!refused.reason().equals("KEK_STATE_INVALID")
          || api.keystores(kek, Keystores::getKek).getState() != KekState.KEK_STATE_DISABLED) {
        throw refused;
      }
    }
  }

  private static Message request(String change, String kek) {
    return switch (change) {
      case "disable" -> DisableKekRequest.newBuilder().setName(kek).build();
      case "enable" -> EnableKekRequest.newBuilder().setName(kek).build();
      default -> RestoreKekRequest.newBuilder().setName(kek).build();
    };
  }

  private static String rpc(String change) {
    return switch (change) {
      case "disable" -> "DisableKek";
      case "enable" -> "EnableKek";
      default -> "RestoreKek";
    };
  }

  /// Asks whether to move all KEKs to the root key, or to go on with that. The question has the id
  /// of the request, so that a form that is sent twice starts one re-encryption.
  @GET
  @Path("re-encrypt")
  public TemplateInstance askToReEncrypt(
      @PathParam("tenant") String tenant, @PathParam("keystore") String keystore) {
    ReEncryptKeksRequest request =
        ReEncryptKeksRequest.newBuilder()
            .setName(name(tenant, keystore))
            .setRequestId(UUID.randomUUID().toString())
            .build();
    return ask(
        tenant,
        keystore,
        "Keystores/ReEncryptKeks",
        request,
        new Question("re-encrypt", keystore, "", request.getRequestId()));
  }

  /// Moves all KEKs to the root key.
  @POST
  @Path("re-encrypt")
  public Response reEncrypt(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String keystore,
      @FormParam("request_id") @DefaultValue("") String requestId) {
    api.keystores(
        ReEncryptKeksRequest.newBuilder()
            .setName(name(tenant, keystore))
            .setRequestId(requestId)
            .build(),
        Keystores::reEncryptKeks);
    return done(tenant, keystore);
  }

  /// Asks whether to cancel the deletion of the keystore.
  @GET
  @Path("restore")
  public TemplateInstance askToRestore(
      @PathParam("tenant") String tenant, @PathParam("keystore") String keystore) {
    return ask(
        tenant,
        keystore,
        "Keystores/RestoreKeystore",
        RestoreKeystoreRequest.newBuilder().setName(name(tenant, keystore)).build(),
        new Question("restore-keystore", keystore, "", ""));
  }

  /// Cancels the deletion of the keystore.
  @POST
  @Path("restore")
  public Response restore(
      @PathParam("tenant") String tenant, @PathParam("keystore") String keystore) {
    api.keystores(
        RestoreKeystoreRequest.newBuilder().setName(name(tenant, keystore)).build(),
        Keystores::restoreKeystore);
    return done(tenant, keystore);
  }

  private TemplateInstance ask(
      String tenant, String keystore, String rpc, Message request, Question question) {
    return pages.show(
        tenant,
        keystore,
        ApiCall.grpcurl(rpc, request),
        page -> {
          if (!page.edits()) {
            throw RefusedCall.denied();
          }
          return Screens.question(page, question);
        });
  }

  private static String name(String tenant, String keystore) {
    return "tenants/" + tenant + "/keystores/" + keystore;
  }

  private static Response done(String tenant, String keystore) {
    return Response.seeOther(URI.create("/" + name(tenant, keystore))).build();
  }
}
