package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.v1.Keystore;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// The lists of the console, over HTTP: what they show, leave out and refuse.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsoleListsTest {
  private static final String TENANT = "/tenants/" + SignedInBroker.TENANT;

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Test
  void home_listsTheTenantsThatTheVisitorMayView() {
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    keystores.create(SignedInBroker.TENANT);
    String other = "other-" + UUID.randomUUID();
    keystores.create(other);

    String viewer = WebClient.of("viewer", console).get("/").body();
    assertTrue(viewer.contains("href=\"" + TENANT + "\""), viewer);
    assertFalse(viewer.contains(other), viewer);
    assertTrue(viewer.contains("keybroker.v1.Keystores/ListTenants"), viewer);
    for (String subject : new String[] {"auditor", "stranger"}) {
      String page = WebClient.of(subject, console).get("/").body();
      assertFalse(page.contains(TENANT), page);
      assertTrue(page.contains("name=\"tenant\""), page);
    }
    HttpResponse<String> forged = WebClient.of("viewer", console).get("/?after=x");
    assertTrue(forged.body().contains("INVALID_ARGUMENT/REQUEST_INVALID"), forged.body());
    assertTrue(forged.body().contains("name=\"tenant\""), forged.body());
  }

  @Test
  void keystores_areFiltered_andTheFilterIsThatOfTheApi() {
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    Keystore keystore = keystores.create(SignedInBroker.TENANT);
    String key = keystore.getRootKey().getAwsKms().getKeyArn();
    Keystore other = keystores.create(SignedInBroker.TENANT);
    WebClient viewer = WebClient.of("viewer", console);

    String ofKey = viewer.get(TENANT + "?root_key=" + encoded(key)).body();
    assertTrue(ofKey.contains("href=\"/" + keystore.getName() + "\""), ofKey);
    assertFalse(ofKey.contains("href=\"/" + other.getName() + "\""), ofKey);
    assertTrue(ofKey.contains("root_key_arn = \\&quot;" + key + "\\&quot;"), ofKey);
    assertTrue(ofKey.contains("(0 days ago)"), ofKey);

    String id = other.getName().substring(other.getName().lastIndexOf('/') + 1);
    String ofId = viewer.get(TENANT + "?state=ACTIVE&id=" + id.substring(0, 20)).body();
    assertTrue(ofId.contains("href=\"/" + other.getName() + "\""), ofId);
    assertFalse(ofId.contains("href=\"/" + keystore.getName() + "\""), ofId);
    String none = viewer.get(TENANT + "?state=DELETE_SCHEDULED&id=none").body();
    assertTrue(none.contains("No keystores match."), none);

    for (String search :
        new String[] {"id=%22", "id=A", "state=GONE", "root_key=x", "id=%3Cscript%3E", "after=x"}) {
      HttpResponse<String> refused = viewer.get(TENANT + "?" + search);
      assertEquals(400, refused.statusCode(), search);
      assertTrue(refused.body().contains("REQUEST_INVALID"), refused.body());
    }
  }

  @Test
  void audit_byContext_showsNoValue_andGoesOnByTheDigest() {
    WebClient auditor = WebClient.of("auditor", console);
    String path = TENANT + "/audit";
    HttpResponse<String> found =
        auditor.submit(path, Map.of("context", "caller=+4930123456", "whole", "true"));
    assertEquals(200, found.statusCode(), found.body());
    assertTrue(
        found.uri().getQuery().matches(".*context_sha256=[0-9a-f]{64}"), found.uri().toString());
    assertFalse(found.body().contains("4930123456"), found.body());

    HttpResponse<String> notLoggable =
        auditor.submit(path, Map.of("context", "caller=+4930123456"));
    assertEquals(400, notLoggable.statusCode());
    assertTrue(notLoggable.body().contains("loggable-context-keys"), notLoggable.body());
    assertFalse(notLoggable.body().contains("4930123456"), notLoggable.body());
    for (String context : List.of("x", "=x", "a=1\na=2")) {
      assertEquals(400, auditor.submit(path, Map.of("context", context)).statusCode(), context);
    }
    for (String digest : List.of("x", "00", "zz".repeat(32))) {
      assertEquals(400, auditor.get(path + "?context_sha256=" + digest).statusCode(), digest);
    }
    assertEquals(403, WebClient.of("viewer", console).submit(path, Map.of()).statusCode());
  }

  @Test
  void audit_tellsThatNoVerificationIsOnRecord_orItsResult() {
    String page = WebClient.of("auditor", console).get(TENANT + "/audit").body();
    assertTrue(page.contains("id=\"verification\""), page);
    assertTrue(
        page.contains("There is no result on record") || page.contains("of the whole deployment"),
        page);
    assertTrue(page.contains("<code>encryption_context_sha256</code>"), page);
  }

  @Test
  void alias_isShownWithTheKeyThatItPointsTo() {
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    String key = keystores.newKey();
    String alias = "alias/c-" + UUID.randomUUID();
    try (KmsClient kms = keystores.kms()) {
      kms.createAlias(request -> request.aliasName(alias).targetKeyId(key));
    }
    String given = key.replaceFirst("key/.*", alias);
    Keystore keystore = keystores.create(SignedInBroker.TENANT, given);
    WebClient viewer = WebClient.of("viewer", console);

    for (String page :
        new String[] {
          TENANT + "?root_key=" + encoded(given),
          TENANT + "?root_key=" + encoded(key),
          "/" + keystore.getName()
        }) {
      String shown = viewer.get(page).body();
      assertTrue(shown.contains("<code>" + given + "</code>"), shown);
      assertTrue(shown.contains("encrypted by <code>" + key + "</code>"), shown);
    }
  }
}
