package dev.keybroker.grpc;

import com.google.protobuf.Empty;
import dev.keybroker.access.AccessPolicy;
import dev.keybroker.access.Target;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.CheckResult;
import dev.keybroker.keystore.KekCursor;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekLife;
import dev.keybroker.keystore.KekReEncryption;
import dev.keybroker.keystore.KeyGrants;
import dev.keybroker.keystore.KeyToAdmit;
import dev.keybroker.keystore.KeyUsages;
import dev.keybroker.keystore.KeyWarnings;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.KeystoreDeletion;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.KeystoreFilter;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.OnboardingGuide;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.pipeline.PipelineDoctor;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.CheckPipelineResponse;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreUsage;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListKeystoresResponse;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.ListTenantsResponse;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.ReEncryption;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RootKeyUsage;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The control plane. Its requests are already validated.
@GrpcService
public class KeystoresService implements Keystores {
  private static final int DEFAULT_WAITING_PERIOD_DAYS = 30;
  private static final String TENANTS = "tenants/";

  private final KeystoreAdmin keystores;
  private final KeyGrants grants;
  private final KekLife keks;
  private final KeystoreDeletion deletion;
  private final KekReEncryption reEncryptions;
  private final KeyUsages usages;
  private final OnboardingGuide onboarding;
  private final AccessPolicy policy;
  private final KeyWarnings warnings;
  private final Calls calls;

  KeystoresService(
      KeystoreAdmin keystores,
      KeyGrants grants,
      KekLife keks,
      KeystoreDeletion deletion,
      KekReEncryption reEncryptions,
      KeyUsages usages,
      OnboardingGuide onboarding,
      AccessPolicy policy,
      KeyWarnings warnings,
      Calls calls) {
    this.policy = policy;
    this.grants = grants;
    this.calls = calls;
    this.keystores = keystores;
    this.keks = keks;
    this.deletion = deletion;
    this.reEncryptions = reEncryptions;
    this.usages = usages;
    this.onboarding = onboarding;
    this.warnings = warnings;
  }

  @Override
  public Uni<Keystore> createKeystore(CreateKeystoreRequest request) {
    return calls.answer(
        Rpc.CREATE_KEYSTORE,
        new Target(tenant(request.getParent()), request.getKeystoreId()),
        facts -> {
          KeystoreName name =
              new KeystoreName(tenant(request.getParent()), request.getKeystoreId());
          String given = request.getKeystore().getName();
          if (!given.isEmpty() && !given.equals(name.toString())) {
            throw new RequestInvalid("keystore.name", "must be that of parent and keystore_id");
          }
          KeystoreSettings settings = KeystoreMapping.settings(request.getKeystore());
          boolean saves = !request.getValidateOnly();
          return grants
              .with(
                  name,
                  settings.rootKey(),
                  KeystoreMapping.grant(request.getKeystore()),
                  saves,
                  rootKey ->
                      saves
                          ? keystores.create(name, settings.withRootKey(rootKey))
                          : keystores.validate(name, settings.withRootKey(rootKey)))
              .map(KeystoreMapping::keystore);
        });
  }

  @Override
  public Uni<Keystore> getKeystore(GetKeystoreRequest request) {
    return calls.answer(
        Rpc.GET_KEYSTORE,
        keystoreTarget(request.getName()),
        facts ->
            keystores.find(KeystoreName.parse(request.getName())).map(KeystoreMapping::keystore));
  }

  @Override
  public Uni<ListTenantsResponse> listTenants(ListTenantsRequest request) {
    CallOrigin origin = CallOrigin.current();
    String parent = Target.REACHABLE_TENANTS.name();
    return calls.answer(
        Rpc.LIST_TENANTS,
        Target.REACHABLE_TENANTS,
        facts -> {
          int size = PageToken.size(request.getPageSize());
          return keystores
              .tenants(
                  policy.reach(origin.caller(), Rpc.LIST_TENANTS.permission()),
                  PageToken.id(request.getPageToken(), parent, ""),
                  size + 1)
              .map(
                  found -> {
                    ListTenantsResponse.Builder page = ListTenantsResponse.newBuilder();
                    found.stream()
                        .limit(size)
                        .forEach(id -> page.addTenantsBuilder().setName(TENANTS + id));
                    if (found.size() > size) {
                      page.setNextPageToken(PageToken.afterId(parent, "", found.get(size - 1)));
                    }
                    return page.build();
                  });
        });
  }

  @Override
  public Uni<ListKeystoresResponse> listKeystores(ListKeystoresRequest request) {
    return calls.answer(
        Rpc.LIST_KEYSTORES,
        tenantTarget(request.getParent()),
        facts -> {
          int size = PageToken.size(request.getPageSize());
          KeystoreFilter filter = FilterText.ofKeystores(request.getFilter());
          String after =
              PageToken.id(request.getPageToken(), request.getParent(), request.getFilter());
          return keystores
              .list(tenant(request.getParent()), filter, after, size + 1)
              .map(found -> page(request, found, size));
        });
  }

  private static ListKeystoresResponse page(
      ListKeystoresRequest request, List<dev.keybroker.keystore.Keystore> found, int size) {
    ListKeystoresResponse.Builder page = ListKeystoresResponse.newBuilder();
    found.stream().limit(size).map(KeystoreMapping::keystore).forEach(page::addKeystores);
    if (found.size() > size) {
      page.setNextPageToken(
          PageToken.afterId(
              request.getParent(), request.getFilter(), found.get(size - 1).name().keystore()));
    }
    return page.build();
  }

  @Override
  public Uni<Keystore> updateKeystore(UpdateKeystoreRequest request) {
    return calls.answer(
        Rpc.UPDATE_KEYSTORE,
        keystoreTarget(request.getKeystore().getName()),
        facts -> {
          KeystoreMask mask = new KeystoreMask(request.getUpdateMask(), request.getKeystore());
          KeystoreName name = KeystoreName.parse(request.getKeystore().getName());
          Long version = Etag.version(request.getKeystore().getEtag());
          boolean validateOnly = request.getValidateOnly();
          return (mask.changesRootKey()
                  ? grants.with(
                      name,
                      KeystoreMapping.rootKey(request.getKeystore().getRootKey()),
                      KeystoreMapping.grant(request.getKeystore()),
                      !validateOnly,
                      rootKey ->
                          keystores.update(
                              name,
                              version,
                              before -> mask.change(before).withRootKey(rootKey),
                              validateOnly))
                  : keystores.update(name, version, mask::change, validateOnly))
              .chain(
                  updated ->
                      request.getReEncryptKeks()
                          ? reEncrypted(updated, validateOnly)
                          : Uni.createFrom().item(updated))
              .map(KeystoreMapping::keystore);
        });
  }

  private Uni<dev.keybroker.keystore.Keystore> reEncrypted(
      dev.keybroker.keystore.Keystore updated, boolean validateOnly) {
    return (validateOnly
            ? reEncryptions.validate(updated.name(), updated.settings())
            : reEncryptions.start(updated.name(), null))
        .map(updated::with);
  }

  @Override
  public Uni<ReEncryption> reEncryptKeks(ReEncryptKeksRequest request) {
    return calls.answer(
        Rpc.RE_ENCRYPT_KEKS,
        keystoreTarget(request.getName()),
        facts -> {
          KeystoreName name = KeystoreName.parse(request.getName());
          return (request.getValidateOnly()
                  ? keystores
                      .find(name)
                      .chain(keystore -> reEncryptions.validate(name, keystore.settings()))
                  : reEncryptions.start(name, requestId(request.getRequestId())))
              .map(KeystoreMapping::reEncryption);
        });
  }

  private static @Nullable String requestId(String given) {
    return given.isEmpty() ? null : given.toLowerCase(Locale.ROOT);
  }

  @Override
  public Uni<Empty> deleteKeystore(DeleteKeystoreRequest request) {
    return calls.answer(
        Rpc.DELETE_KEYSTORE,
        keystoreTarget(request.getName()),
        facts ->
            deletion
                .delete(
                    KeystoreName.parse(request.getName()),
                    Etag.version(request.getEtag()),
                    request.getForce())
                .replaceWith(Empty.getDefaultInstance()));
  }

  @Override
  public Uni<Keystore> restoreKeystore(RestoreKeystoreRequest request) {
    return calls.answer(
        Rpc.RESTORE_KEYSTORE,
        keystoreTarget(request.getName()),
        facts ->
            deletion.restore(KeystoreName.parse(request.getName())).map(KeystoreMapping::keystore));
  }

  @Override
  public Uni<RootKeyUsage> getRootKeyUsage(GetRootKeyUsageRequest request) {
    return calls.answer(
        Rpc.GET_ROOT_KEY_USAGE,
        tenantTarget(request.getParent()),
        facts ->
            usages
                .of(
                    tenant(request.getParent()),
                    request.getKeyArn().isEmpty() ? null : KmsArn.parse(request.getKeyArn()))
                .map(UsageMapping::usage));
  }

  @Override
  public Uni<KeystoreUsage> getKeystoreUsage(GetKeystoreUsageRequest request) {
    return calls.answer(
        Rpc.GET_KEYSTORE_USAGE,
        keystoreTarget(request.getName()),
        facts ->
            usages
                .of(KeystoreName.parse(request.getName()), !request.getWithoutCounts())
                .map(UsageMapping::usage));
  }

  /// Judges off the event loop: hostile policies of the greatest size take part of a second.
  @Override
  public Uni<CheckPipelineResponse> checkPipeline(CheckPipelineRequest request) {
    return calls.answer(
        Rpc.CHECK_PIPELINE,
        tenantTarget(request.getParent()),
        facts ->
            Uni.createFrom()
                .item(() -> PipelineDoctor.examine(PipelineMapping.pipeline(request)))
                .runSubscriptionOn(Infrastructure.getDefaultWorkerPool())
                .map(PipelineMapping::response));
  }

  @Override
  public Uni<TestKeystoreResponse> testKeystore(TestKeystoreRequest request) {
    return calls.answer(
        Rpc.TEST_KEYSTORE,
        keystoreTarget(request.hasName() ? request.getName() : request.getKeystore().getName()),
        facts ->
            (request.hasName()
                    ? keystores.test(KeystoreName.parse(request.getName()))
                    : test(request.getKeystore()))
                .map(
                    result ->
                        KeystoreMapping.result(
                            result, result.key() == null ? List.of() : warnings.of(result.key()))));
  }

  private Uni<CheckResult> test(Keystore keystore) {
    KeystoreName name = KeystoreName.parse(keystore.getName());
    KeystoreSettings settings = KeystoreMapping.settings(keystore);
    return grants
        .with(
            name,
            settings.rootKey(),
            KeystoreMapping.grant(keystore),
            false,
            rootKey -> keystores.test(name, settings.withRootKey(rootKey)))
        // The grant could not be created: a failed step like any other.
        .onFailure(KeystoreFailure.CheckFailed.class)
        .recoverWithItem(
            failure ->
                new CheckResult(List.of(((KeystoreFailure.CheckFailed) failure).step()), null));
  }

  @Override
  public Uni<Kek> rotateKek(RotateKekRequest request) {
    return calls.answer(
        Rpc.ROTATE_KEK,
        keystoreTarget(request.getName()),
        facts ->
            keystores
                .rotate(KeystoreName.parse(request.getName()), requestId(request.getRequestId()))
                .invoke(kek -> facts.kek(kek.name().id()))
                .map(KekMapping::kek));
  }

  @Override
  public Uni<Onboarding> getOnboarding(GetOnboardingRequest request) {
    return calls.answer(
        Rpc.GET_ONBOARDING,
        tenantTarget(request.getParent()),
        facts -> {
          KeyToAdmit key = KeystoreMapping.keyToAdmit(request);
          return onboarding
              .of(tenant(request.getParent()), key)
              .map(
                  documents ->
                      Onboarding.newBuilder()
                          .setBrokerPrincipalArn(documents.brokerPrincipalArn())
                          .setExternalId(documents.externalId())
                          .setKeyPolicyStatement(documents.keyPolicyStatement())
                          .setTrustPolicy(documents.trustPolicy())
                          .setPermissionsPolicy(documents.permissionsPolicy())
                          .addAllVerificationCommands(documents.verificationCommands())
                          .setCreateGrantCommand(documents.createGrantCommand())
                          .setGrantPermissionPolicy(documents.grantPermissionPolicy())
                          .setBrokerPolicy(documents.brokerPolicy())
                          .addAllBrokerCommands(documents.brokerCommands())
                          .addAllWarnings(key.arn() == null ? List.of() : warnings.of(key.arn()))
                          .build());
        });
  }

  @Override
  public Uni<ListKeksResponse> listKeks(ListKeksRequest request) {
    return calls.answer(
        Rpc.LIST_KEKS,
        keystoreTarget(request.getParent()),
        facts -> {
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
      KekDetails last = found.get(size - 1);
      page.setNextPageToken(
          PageToken.afterKek(
              last.name().keystore(), new KekCursor(last.createTime(), last.name().id())));
    }
    return page.build();
  }

  @Override
  public Uni<Kek> getKek(GetKekRequest request) {
    return kek(Rpc.GET_KEK, KekName.parse(request.getName()), keks::find);
  }

  @Override
  public Uni<Kek> disableKek(DisableKekRequest request) {
    return kek(Rpc.DISABLE_KEK, KekName.parse(request.getName()), keks::disable);
  }

  @Override
  public Uni<Kek> enableKek(EnableKekRequest request) {
    return kek(Rpc.ENABLE_KEK, KekName.parse(request.getName()), keks::enable);
  }

  @Override
  public Uni<Kek> scheduleKekDestruction(ScheduleKekDestructionRequest request) {
    int days =
        request.getWaitingPeriodDays() == 0
            ? DEFAULT_WAITING_PERIOD_DAYS
            : request.getWaitingPeriodDays();
    return kek(
        Rpc.SCHEDULE_KEK_DESTRUCTION,
        KekName.parse(request.getName()),
        kek ->
            (request.getForce() ? Uni.createFrom().voidItem() : usages.requireIdle(kek))
                .chain(() -> keks.scheduleDestruction(kek, Duration.ofDays(days))));
  }

  @Override
  public Uni<Kek> restoreKek(RestoreKekRequest request) {
    return kek(Rpc.RESTORE_KEK, KekName.parse(request.getName()), keks::restore);
  }

  private static String tenant(String parent) {
    return parent.substring(TENANTS.length());
  }

  private static Target tenantTarget(String parent) {
    return new Target(tenant(parent), null);
  }

  private static Target keystoreTarget(String name) {
    return target(KeystoreName.parse(name));
  }

  private static Target target(KeystoreName keystore) {
    return new Target(keystore.tenant(), keystore.keystore());
  }

  private Uni<Kek> kek(Rpc rpc, KekName name, Function<KekName, Uni<KekDetails>> call) {
    return calls.answer(
        rpc, target(name.keystore()), name.id(), facts -> call.apply(name).map(KekMapping::kek));
  }
}
