package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.BrokerAddress;
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
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The pages over HTTP, as people with different rights see them.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsolePagesTest {
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src"
          + " 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;
  BrokerAddress address;

  private Keystore keystore;

  @BeforeEach
  void keystore() {
    keystore = new ConsoleKeystores(services, calls).create(SignedInBroker.TENANT);
  }

  @Test
  void pages_byPermission_areShownOrRefused() {
    Map<String, String> allowed = new LinkedHashMap<>();
    String tenant = "/tenants/" + SignedInBroker.TENANT;
    allowed.put("/", "admin viewer auditor stranger");
    allowed.put("/session-ended", "admin viewer auditor stranger");
    allowed.put(tenant, "admin viewer");
    allowed.put("/" + keystore.getName(), "admin viewer");
    allowed.put("/" + keystore.getName() + "/edit", "admin viewer");
    allowed.put("/" + keystore.getName() + "/re-encryption", "admin viewer");
    for (String change : List.of("/rotate", "/re-encrypt", "/delete", "/restore")) {
      allowed.put("/" + keystore.getName() + change, "admin");
    }
    for (String change : List.of("/disable", "/enable", "/destroy", "/restore")) {
      allowed.put("/" + keystore.getActiveKek() + change, "admin");
    }
    allowed.put(tenant + "/new", "admin viewer");
    allowed.put(tenant + "/root-keys", "admin viewer");
    allowed.put(tenant + "/pipeline", "admin viewer");
    allowed.put(tenant + "/audit", "admin auditor");
    allowed.put(tenant + "/audit.jsonl", "admin auditor");
    for (String subject : List.of("admin", "viewer", "auditor", "stranger")) {
      WebClient client = WebClient.of(subject, console);
      allowed.forEach(
          (path, subjects) -> {
            HttpResponse<String> page = client.get(path);
            boolean may = List.of(subjects.split(" ")).contains(subject);
            assertEquals(may ? 200 : 403, page.statusCode(), subject + " " + path + page.body());
            assertEquals(POLICY, page.headers().firstValue("Content-Security-Policy").orElse(""));
            if (!may) {
              assertTrue(page.body().contains("<code>jwt:" + subject + "</code>"), page.body());
            }
          });
    }
  }

  @Test
  void rootKeys_showTheRequestsOfTheTenant() {
    String page =
        WebClient.of("viewer", console)
            .get("/tenants/" + SignedInBroker.TENANT + "/root-keys")
            .body();
    assertTrue(page.contains(", and 0 for RSA key pairs, 2 for ECC key pairs, since"), page);
    assertTrue(page.contains("counted for less than an hour"), page);
    assertTrue(page.contains("https://aws.amazon.com/kms/pricing/"), page);
  }

  @Test
  void texts_ofTenants_areEscaped() {
    String page = WebClient.of("admin", console).get("/" + keystore.getName()).body();
    assertTrue(page.contains("&lt;b&gt;Calls&lt;/b&gt;"), page);
    assertFalse(page.contains("style="), page);
    assertFalse(page.contains("<script>"), page);
    assertTrue(page.contains("{&quot;name&quot;:&quot;" + keystore.getName() + "&quot;}"), page);
  }

  @Test
  void language_ofTheBrowser_isThatOfThePage() {
    String page = WebClient.of("admin", console).speaking("ja").get("/").body();
    assertTrue(page.contains("<html lang=\"ja\">"), page);
    assertTrue(page.contains("テナント"), page);
  }

  @Test
  void pageThatIsNotThere_isNotFound() {
    WebClient admin = WebClient.of("admin", console);
    assertEquals(404, admin.get("/tenants/" + SignedInBroker.TENANT + "/keystores/x").statusCode());
    assertEquals(400, admin.get("/tenants/" + SignedInBroker.TENANT + "/keystores/X").statusCode());
  }

  @Test
  void form_withoutTheTokenOfAPage_isRefused() {
    WebClient admin = WebClient.of("admin", console);
    assertEquals(400, admin.post(console.resolve("/sign-out"), Map.of()).statusCode());
    assertEquals(200, admin.get("/").statusCode());
  }

  @Test
  void metricsAndPages_haveTheirOwnPorts() {
    WebClient admin = WebClient.of("admin", console);
    assertEquals(404, admin.get("/q/metrics").statusCode());
    assertEquals(404, admin.get("/q/health").statusCode());
    assertEquals(200, admin.get("/assets/pico.min.css").statusCode());
    assertEquals(200, admin.get("/assets/htmx.min.js").statusCode());
    WebClient management =
        new WebClient(URI.create("http://127.0.0.1:" + address.managementPort()));
    assertEquals(200, management.get("/q/metrics").statusCode());
    assertEquals(404, management.get("/").statusCode());
    assertEquals(404, management.get("/tenants/" + SignedInBroker.TENANT).statusCode());
  }

  @Test
  void cookies_areClosedToScriptsAndOtherSites() {
    WebClient admin = WebClient.of("admin", console);
    assertTrue(admin.cookies().stream().anyMatch(it -> it.getName().startsWith("q_session")));
    assertTrue(
        admin.cookies().stream()
            .filter(it -> it.getName().startsWith("q_session"))
            .allMatch(java.net.HttpCookie::isHttpOnly));
  }
}
