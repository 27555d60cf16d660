package dev.keybroker.console;

import static java.util.stream.Collectors.toMap;

import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekUsage;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreState;
import dev.keybroker.v1.KeystoreUsage;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListKeystoresResponse;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.util.Map;

/// A tenant's keystores, and each with the history of its KEKs.
@Path("/tenants/{tenant}")
@Singleton
@Blocking
@Produces(MediaType.TEXT_HTML)
public class KeystorePages {
  private static final KeystoreUsage UNKNOWN =
      KeystoreUsage.newBuilder().setRefusedUnwraps(-1).build();

  private final Api api;
  private final Pages pages;
  private final Clock clock;

  KeystorePages(Api api, Pages pages, Clock clock) {
    this.api = api;
    this.pages = pages;
    this.clock = clock;
  }

  /// Lists the keystores of a tenant.
  @GET
  public TemplateInstance list(
      @PathParam("tenant") String tenant, @BeanParam KeystoreSearch search) {
    ListKeystoresRequest request = search.request(tenant);
    ListKeystoresResponse found = api.keystores(request, Keystores::listKeystores);
    return pages.show(
        tenant,
        null,
        ApiCall.grpcurl("Keystores/ListKeystores", request),
        page ->
            Screens.keystores(
                page,
                search,
                found.getKeystoresList().stream().map(this::view).toList(),
                search.after.isEmpty() ? "" : search.first(),
                search.next(found.getNextPageToken())));
  }

  private KeystoreView view(Keystore keystore) {
    return KeystoreView.of(keystore, clock.instant());
  }

  /// Shows a keystore and the history of its KEKs.
  ///
  /// @param after the token of the history's page; empty for the first
  @GET
  @Path("keystores/{keystore}")
  public TemplateInstance keystore(
      @PathParam("tenant") String tenant,
      @PathParam("keystore") String id,
      @QueryParam("after") @DefaultValue("") String after) {
    String name = "tenants/" + tenant + "/keystores/" + id;
    GetKeystoreRequest request = GetKeystoreRequest.newBuilder().setName(name).build();
    Keystore keystore = api.keystores(request, Keystores::getKeystore);
    ListKeksResponse keks =
        api.keystores(
            ListKeksRequest.newBuilder().setParent(name).setPageToken(after).build(),
            Keystores::listKeks);
    boolean leaves = leaves(keystore);
    KeystoreUsage usage = usage(name);
    Map<String, KekUsage> uses =
        usage.getKeksList().stream().collect(toMap(KekUsage::getKek, it -> it));
    boolean recorded = usage.getRefusedUnwraps() >= 0;
    return pages.show(
        tenant,
        id,
        ApiCall.grpcurl("Keystores/GetKeystore", request),
        page ->
            Screens.keystore(
                page,
                view(keystore),
                page.edits() && !leaves,
                leaves ? Countdown.of(keystore.getDeleteTime(), clock.instant()) : null,
                keystore.hasLastError() ? WithdrawalView.of(usage) : null,
                ReEncryptionView.of(keystore),
                keks.getKeksList().stream()
                    .map(kek -> KekView.of(kek, use(kek, uses, recorded), clock.instant()))
                    .toList(),
                keks.getNextPageToken()));
  }

  private static KekUseView use(Kek kek, Map<String, KekUsage> uses, boolean recorded) {
    KekUsage none = KekUsage.newBuilder().setKek(kek.getName()).build();
    return KekUseView.of(uses.getOrDefault(kek.getName(), none), recorded);
  }

  /// Only the re-encryption of a keystore's KEKs, for a page that follows its progress.
  @GET
  @Path("keystores/{keystore}/re-encryption")
  public TemplateInstance reEncryption(
      @PathParam("tenant") String tenant, @PathParam("keystore") String id) {
    Keystore keystore =
        api.keystores(
            GetKeystoreRequest.newBuilder()
                .setName("tenants/" + tenant + "/keystores/" + id)
                .build(),
            Keystores::getKeystore);
    return pages.show(
        tenant,
        id,
        "",
        page ->
            Screens.reEncryption(
                page, ReEncryptionView.of(keystore), page.edits() && !leaves(keystore)));
  }

  private static boolean leaves(Keystore keystore) {
    return keystore.getState() == KeystoreState.KEYSTORE_STATE_DELETE_SCHEDULED;
  }

  /// The page is needed most while something fails, so it does not depend on the audit trail.
  private KeystoreUsage usage(String name) {
    try {
      return api.keystores(
          GetKeystoreUsageRequest.newBuilder().setName(name).setWithoutCounts(true).build(),
          Keystores::getKeystoreUsage);
    } catch (RefusedCall refused) {
      return UNKNOWN;
    }
  }
}
