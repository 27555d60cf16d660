package dev.keybroker.console;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
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
import java.net.URI;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The form of a keystore, new or saved: the documents to enter in AWS, the test, and the save.
@Path("/tenants/{tenant}")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class KeystoreSetup {
  private static final FieldMask ALL = FieldMask.newBuilder().addPaths("*").build();
  private static final String PLACEHOLDER = "new";
  private static final List<String> SPECS =
      Arrays.stream(KeyPairSpec.values())
          .filter(spec -> spec != KeyPairSpec.UNRECOGNIZED && spec.getNumber() > 0)
          .map(spec -> spec.name().replace("KEY_PAIR_SPEC_", ""))
          .toList();

  private final Api api;
  private final Pages pages;
  private final Clock clock;

  KeystoreSetup(Api api, Pages pages, Clock clock) {
    this.api = api;
    this.pages = pages;
    this.clock = clock;
  }

  /// The empty form.
  @GET
  @Path("new")
  public TemplateInstance form(@PathParam("tenant") String tenant) {
    KeystoreForm form = new KeystoreForm();
    return show(tenant, form, true, new FormResult(documents(tenant, form), null, null));
  }

  /// The form of a saved keystore.
  @GET
  @Path("keystores/{keystore}/edit")
  public TemplateInstance form(
      @PathParam("tenant") String tenant, @PathParam("keystore") String id) {
    Keystore saved =
        api.keystores(
            GetKeystoreRequest.newBuilder().setName(name(tenant, id)).build(),
            Keystores::getKeystore);
    KeystoreForm form = KeystoreForm.of(KeystoreView.of(saved, clock.instant()), saved);
    return show(tenant, form, false, new FormResult(documents(tenant, form), null, null));
  }

  /// Only the documents, for a form that is being filled in.
  @POST
  @Path("documents")
  public TemplateInstance documentsOnly(
      @PathParam("tenant") String tenant, @BeanParam KeystoreForm form) {
    FormResult result = result(() -> new FormResult(documents(tenant, form), null, null));
    return pages.show(
        tenant, null, "", page -> Screens.documents(page, result.documents(), result.refusal()));
  }

  /// Tests or saves a new keystore.
  @POST
  @Path("new")
  public Response create(@PathParam("tenant") String tenant, @BeanParam KeystoreForm form) {
    String name = name(tenant, form.id.strip());
    return answer(
        tenant,
        form,
        true,
        () ->
            api.keystores(
                CreateKeystoreRequest.newBuilder()
                    .setParent("tenants/" + tenant)
                    .setKeystoreId(form.id.strip())
                    .setKeystore(form.keystore(name))
                    .build(),
                Keystores::createKeystore));
  }

  /// Tests or saves changes.
  @POST
  @Path("keystores/{keystore}/edit")
  public Response update(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String id,
      @BeanParam KeystoreForm form) {
    form.id = id;
    return answer(
        tenant,
        form,
        false,
        () ->
            api.keystores(
                UpdateKeystoreRequest.newBuilder()
                    .setKeystore(form.keystore(name(tenant, id)))
                    .setUpdateMask(ALL)
                    .setReEncryptKeks(form.reEncryptKeks)
                    .build(),
                Keystores::updateKeystore));
  }

  private Response answer(String tenant, KeystoreForm form, boolean isNew, Runnable save) {
    if (form.action.equals("save")) {
      FormResult result =
          result(
              () -> {
                save.run();
                return new FormResult(null, null, null);
              });
      RefusalView refusal = result.refusal();
      return refusal == null
          ? Response.seeOther(URI.create("/" + name(tenant, form.id.strip()))).build()
          : Response.status(result.status())
              .entity(show(tenant, form, isNew, result.with(documentsOrNull(tenant, form))))
              .build();
    }
    FormResult result =
        result(
            () ->
                form.action.equals("test")
                    ? new FormResult(documentsOrNull(tenant, form), test(tenant, form), null)
                    : new FormResult(documents(tenant, form), null, null));
    return Response.status(result.status()).entity(show(tenant, form, isNew, result)).build();
  }

  private TestView test(String tenant, KeystoreForm form) {
    String id = form.id.strip();
    return TestView.of(
        api.keystores(
            TestKeystoreRequest.newBuilder()
                .setKeystore(form.keystore(name(tenant, id.isEmpty() ? PLACEHOLDER : id)))
                .build(),
            Keystores::testKeystore));
  }

  private Documents documents(String tenant, KeystoreForm form) {
    return Documents.of(
        api.keystores(
            GetOnboardingRequest.newBuilder()
                .setParent("tenants/" + tenant)
                .setKey(form.keyToAdmit())
                .setCustomKeyStore(form.customKeyStore)
                .build(),
            Keystores::getOnboarding));
  }

  private @Nullable Documents documentsOrNull(String tenant, KeystoreForm form) {
    try {
      return documents(tenant, form);
    } catch (RefusedCall e) {
      return null;
    }
  }

  private static FormResult result(java.util.function.Supplier<FormResult> work) {
    try {
      return work.get();
    } catch (RefusedCall refused) {
      return new FormResult(null, null, refused);
    }
  }

  private TemplateInstance show(
      String tenant, KeystoreForm form, boolean isNew, FormResult result) {
    String keystore = isNew ? null : form.id;
    return pages.show(
        tenant,
        keystore,
        ApiCall.grpcurl(
            isNew ? "Keystores/CreateKeystore" : "Keystores/UpdateKeystore",
            call(tenant, form, isNew)),
        page ->
            Screens.form(
                page, form, isNew, SPECS, result.documents(), result.test(), result.refusal()));
  }

  /// The call of a save, without a token that is good for a while.
  private static Message call(String tenant, KeystoreForm form, boolean isNew) {
    Keystore keystore;
    try {
      keystore = form.keystore(isNew ? "" : name(tenant, form.id));
    } catch (RefusedCall e) {
      keystore = Keystore.getDefaultInstance();
    }
    if (keystore.getRootKey().hasAwsKms()) {
      Keystore.Builder shown = keystore.toBuilder();
      shown.getRootKeyBuilder().getAwsKmsBuilder().clearGrantToken();
      keystore = shown.build();
    }
    return isNew
        ? CreateKeystoreRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKeystoreId(form.id.strip())
            .setKeystore(keystore)
            .build()
        : UpdateKeystoreRequest.newBuilder()
            .setKeystore(keystore)
            .setUpdateMask(ALL)
            .setReEncryptKeks(form.reEncryptKeks)
            .build();
  }

  private static String name(String tenant, String id) {
    return "tenants/" + tenant + "/keystores/" + id;
  }

  /// What came of a form.
  ///
  /// @param refused why the API refused it; null if it did not
  private record FormResult(
      @Nullable Documents documents, @Nullable TestView test, @Nullable RefusedCall refused) {
    @Nullable RefusalView refusal() {
      return refused == null ? null : RefusalView.of(refused);
    }

    int status() {
      return refused == null ? 200 : refused.httpStatus();
    }

    FormResult with(@Nullable Documents written) {
      return new FormResult(written, test, refused);
    }
  }
}
