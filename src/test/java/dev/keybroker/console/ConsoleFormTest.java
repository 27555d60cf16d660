package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.Onboarding;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// The form of a keystore: the ways to a key, and what it warns of.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsoleFormTest {
  private static final String TENANT = "/tenants/" + SignedInBroker.TENANT;
  private static final String ACCOUNT = "777788880000";

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;

  @Test
  void grantThatTheBrokerCreates_isTested_savedOnce_andShownInTheForm() {
    WebClient admin = WebClient.of("admin", console);
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    try (TenantAccount account = new TenantAccount(services, ACCOUNT)) {
      String key =
          account.newKey(
              """
              {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*",\
              "Resource":"*"}\
              """
                  .formatted(ACCOUNT));
      Onboarding onboarding =
          keystores.call(
              GetOnboardingRequest.newBuilder()
                  .setParent(TENANT.substring(1))
                  .setKey(ConsoleKeystores.rootKey(key).getAwsKms())
                  .build(),
              Keystores::getOnboarding);
      String role =
          account.role(
              "grants-" + UUID.randomUUID(),
              onboarding.getTrustPolicy(),
              onboarding.getGrantPermissionPolicy());
      String id = "g-" + UUID.randomUUID();
      Map<String, String> form = new HashMap<>();
      form.put("id", id);
      form.put("way", "create-grant");
      form.put("key_arn", key);
      form.put("role_arn", role);
      form.put("key_pair_spec", "ECC_NIST_P256");
      form.put("action", "test");
      String tested = admin.submit(TENANT + "/new", form).body();
      assertTrue(tested.contains("The test passed"), tested);
      assertTrue(tested.contains("value=\"create-grant\" checked"), tested);
      assertTrue(tested.contains("&quot;create_grant&quot;:true"), tested);
      assertTrue(account.kms().listGrants(r -> r.keyId(key)).grants().isEmpty());

      form.put("action", "save");
      HttpResponse<String> saved = admin.submit(TENANT + "/new", form);
      assertEquals(TENANT + "/keystores/" + id, saved.uri().getPath(), saved.body());
      assertTrue(saved.body().contains("by grant"), saved.body());
      assertEquals(200, admin.submit(TENANT + "/new", form).statusCode());
      String grant = account.kms().listGrants(r -> r.keyId(key)).grants().getFirst().grantId();
      assertEquals(1, account.kms().listGrants(r -> r.keyId(key)).grants().size());

      String edit = admin.get(TENANT + "/keystores/" + id + "/edit").body();
      assertTrue(edit.contains("value=\"grant\" checked"), edit);
      assertTrue(edit.contains("value=\"" + grant + "\""), edit);
      assertTrue(edit.contains("value=\"" + role + "\""), edit);
    }
  }

  @Test
  void change_ofTheKey_movesTheOldKeksIfAsked() {
    WebClient admin = WebClient.of("admin", console);
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    String former = keystores.newKey();
    Keystore keystore = keystores.create(SignedInBroker.TENANT, former, Duration.ofSeconds(60));
    Map<String, String> form = new HashMap<>();
    form.put("etag", keystore.getEtag());
    form.put("way", "policy");
    form.put("key_arn", keystores.newKey());
    form.put("key_pair_spec", "ECC_NIST_P256");
    form.put("re_encrypt_keks", "true");
    form.put("action", "save");
    HttpResponse<String> saved = admin.submit("/" + keystore.getName() + "/edit", form);
    assertEquals("/" + keystore.getName(), saved.uri().getPath(), saved.body());
    Eventually.holds(
        Duration.ofSeconds(60),
        () -> {
          String page = admin.get("/" + keystore.getName()).body();
          assertTrue(page.contains("<li><code>" + former + "</code></li>"), page);
        });
  }

  @Test
  void keyElsewhere_isWarnedOf_whileTheFormIsFilledIn() {
    WebClient admin = WebClient.of("admin", console);
    Map<String, String> form = new HashMap<>();
    form.put("way", "policy");
    form.put("key_arn", "arn:aws:kms:eu-west-1:777788880000:key/mrk-" + "0".repeat(32));
    String elsewhere = admin.submit(TENANT + "/documents", form).body();
    assertTrue(elsewhere.contains("The key is in eu-west-1"), elsewhere);
    assertTrue(elsewhere.contains("This is a multi-Region key"), elsewhere);

    form.put("action", "documents");
    String withoutScripts = admin.submit(TENANT + "/new", form).body();
    assertTrue(withoutScripts.contains("The key is in eu-west-1"), withoutScripts);

    form.put("key_arn", "arn:aws:kms:" + EmbeddedServices.REGION + ":777788880000:alias/calls");
    String here = admin.submit(TENANT + "/documents", form).body();
    assertFalse(here.contains("id=\"warnings\""), here);
  }

  @Test
  void alias_ofAMultiRegionKey_isWarnedOf_byTheTest() {
    String alias = "alias/m-" + UUID.randomUUID();
    String key;
    try (KmsClient kms = new ConsoleKeystores(services, calls).kms()) {
      key = kms.createKey(request -> request.multiRegion(true)).keyMetadata().arn();
      kms.createAlias(request -> request.aliasName(alias).targetKeyId(key));
    }
    Map<String, String> form = new HashMap<>();
    form.put("way", "policy");
    form.put("key_arn", key.replaceFirst("key/.*", alias));
    form.put("key_pair_spec", "ECC_NIST_P256");
    form.put("action", "test");

    String tested = WebClient.of("admin", console).submit(TENANT + "/new", form).body();

    assertTrue(tested.contains("The test passed"), tested);
    assertTrue(tested.contains("This is a multi-Region key"), tested);
  }
}
