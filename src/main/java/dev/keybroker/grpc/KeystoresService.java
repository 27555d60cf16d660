package dev.keybroker.grpc;

import dev.keybroker.kek.KekDetails;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekLife;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.OnboardingGuide;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListKeystoresResponse;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/// The control plane. Requests were validated before they come here.
@GrpcService
public class KeystoresService implements Keystores {
  private static final int DEFAULT_WAITING_PERIOD_DAYS = 30;
  private static final String TENANTS = "tenants/";

  private final dev.keybroker.keystore.Keystores keystores;
  private final KekLife keks;
  private final OnboardingGuide onboarding;

  KeystoresService(
      dev.keybroker.keystore.Keystores keystores, KekLife keks, OnboardingGuide onboarding) {
    this.keystores = keystores;
    this.keks = keks;
    this.onboarding = onboarding;
  }

  @Override
  public Uni<Keystore> createKeystore(CreateKeystoreRequest request) {
    return answer(
        () -> {
          KeystoreName name =
              new KeystoreName(tenant(request.getParent()), request.getKeystoreId());
          String given = request.getKeystore().getName();
          if (!given.isEmpty() && !given.equals(name.toString())) {
            throw new RequestInvalid("keystore.name", "must be that of parent and keystore_id");
          }
          KeystoreSettings settings = KeystoreMapping.settings(request.getKeystore());
          return (request.getValidateOnly()
                  ? keystores.validate(name, settings)
                  : keystores.create(name, settings))
              .map(KeystoreMapping::keystore);
        });
  }

  @Override
  public Uni<Keystore> getKeystore(GetKeystoreRequest request) {
    return answer(
        () -> keystores.find(KeystoreName.parse(request.getName())).map(KeystoreMapping::keystore));
  }

  @Override
  public Uni<ListKeystoresResponse> listKeystores(ListKeystoresRequest request) {
    return answer(
        () -> {
          int size = PageToken.size(request.getPageSize());
          String after = PageToken.keystore(request.getPageToken(), request.getParent());
          return keystores
              .list(tenant(request.getParent()), after, size + 1)
              .map(found -> page(found, size));
        });
  }

  private static ListKeystoresResponse page(List<dev.keybroker.keystore.Keystore> found, int size) {
    ListKeystoresResponse.Builder page = ListKeystoresResponse.newBuilder();
    found.stream().limit(size).map(KeystoreMapping::keystore).forEach(page::addKeystores);
    if (found.size() > size) {
      page.setNextPageToken(PageToken.afterKeystore(found.get(size - 1).name()));
    }
    return page.build();
  }

  @Override
  public Uni<Keystore> updateKeystore(UpdateKeystoreRequest request) {
    return answer(
        () -> {
          KeystoreMask mask = new KeystoreMask(request.getUpdateMask(), request.getKeystore());
          return keystores
              .update(
                  KeystoreName.parse(request.getKeystore().getName()),
                  Etag.version(request.getKeystore().getEtag()),
                  mask::change,
                  request.getValidateOnly())
              .map(KeystoreMapping::keystore);
        });
  }

  @Override
  public Uni<TestKeystoreResponse> testKeystore(TestKeystoreRequest request) {
    return answer(
        () ->
            (request.hasName()
                    ? keystores.test(KeystoreName.parse(request.getName()))
                    : keystores.test(
                        KeystoreName.parse(request.getKeystore().getName()),
                        KeystoreMapping.settings(request.getKeystore())))
                .map(KeystoreMapping::result));
  }

  @Override
  public Uni<Kek> rotateKek(RotateKekRequest request) {
    return kek(
        () ->
            keystores.rotate(
                KeystoreName.parse(request.getName()),
                request.getRequestId().isEmpty()
                    ? null
                    : request.getRequestId().toLowerCase(Locale.ROOT)));
  }

  @Override
  public Uni<Onboarding> getOnboarding(GetOnboardingRequest request) {
    return answer(
        () ->
            onboarding
                .of(
                    tenant(request.getParent()),
                    request.getKey().getKeyArn(),
                    request.getKey().getRoleArn())
                .map(
                    documents ->
                        Onboarding.newBuilder()
                            .setBrokerPrincipalArn(documents.brokerPrincipalArn())
                            .setExternalId(documents.externalId())
                            .setKeyPolicyStatement(documents.keyPolicyStatement())
                            .setTrustPolicy(documents.trustPolicy())
                            .setPermissionsPolicy(documents.permissionsPolicy())
                            .addAllVerificationCommands(documents.verificationCommands())
                            .build()));
  }

  @Override
  public Uni<ListKeksResponse> listKeks(ListKeksRequest request) {
    return answer(
        () -> {
          int size = PageToken.size(request.getPageSize());
          return keks.history(
                  KeystoreName.parse(request.getParent()),
                  PageToken.kek(request.getPageToken(), request.getParent()),
                  size + 1)
              .map(found -> kekPage(found, size));
        });
  }

  private static ListKeksResponse kekPage(List<KekDetails> found, int size) {
    ListKeksResponse.Builder page = ListKeksResponse.newBuilder();
    found.stream().limit(size).map(KekMapping::kek).forEach(page::addKeks);
    if (found.size() > size) {
      page.setNextPageToken(PageToken.afterKek(found.get(size - 1)));
    }
    return page.build();
  }

  @Override
  public Uni<Kek> getKek(GetKekRequest request) {
    return kek(() -> keks.find(KekName.parse(request.getName())));
  }

  @Override
  public Uni<Kek> disableKek(DisableKekRequest request) {
    return kek(() -> keks.disable(KekName.parse(request.getName())));
  }

  @Override
  public Uni<Kek> enableKek(EnableKekRequest request) {
    return kek(() -> keks.enable(KekName.parse(request.getName())));
  }

  @Override
  public Uni<Kek> scheduleKekDestruction(ScheduleKekDestructionRequest request) {
    int days =
        request.getWaitingPeriodDays() == 0
            ? DEFAULT_WAITING_PERIOD_DAYS
            : request.getWaitingPeriodDays();
    return kek(
        () -> keks.scheduleDestruction(KekName.parse(request.getName()), Duration.ofDays(days)));
  }

  @Override
  public Uni<Kek> restoreKek(RestoreKekRequest request) {
    return kek(() -> keks.restore(KekName.parse(request.getName())));
  }

  private static String tenant(String parent) {
    return parent.substring(TENANTS.length());
  }

  private static Uni<Kek> kek(Supplier<Uni<KekDetails>> call) {
    return answer(() -> call.get().map(KekMapping::kek));
  }

  private static <T> Uni<T> answer(Supplier<Uni<T>> call) {
    return Uni.createFrom().<T>deferred(call::get).onFailure().transform(FailureStatus::exception);
  }
}
