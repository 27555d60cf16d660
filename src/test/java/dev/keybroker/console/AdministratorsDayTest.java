package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.LocalCalls;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// An administrator's whole day in a real browser: onboarding, a test that fails and one that
/// passes, a change of the key, its withdrawal and its return. Leaves pictures of the pages in
/// `target/screenshots`.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class AdministratorsDayTest {
  private static final Path PICTURES = Path.of("target", "screenshots");
  private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";
  private static final String TENANT = "/tenants/" + SignedInBroker.TENANT;

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;

  private Browser browser;

  @Test
  void administratorsDay_fromOnboardingToRecovery() throws Exception {
    Optional<Path> chromium = Browser.executable();
    if (chromium.isEmpty()) {
      assertNull(System.getenv("CI"), "Chromium is missing");
      Assumptions.abort("there is no Chromium");
    }
    ConsoleKeystores keystores = new ConsoleKeystores(services, calls);
    String key = keystores.newKey();
    String id = "d-" + UUID.randomUUID();
    try (Browser started = new Browser(chromium.orElseThrow());
        KmsClient kms = keystores.kms()) {
      browser = started;
      browser.open(console);
      browser.leave(
          () ->
              browser.evaluate(
                  "document.querySelector('[name=username]').value = 'admin';"
                      + "document.querySelector('form').submit()"));
      look("home");

      kms.disableKey(request -> request.keyId(key));
      browser.open(console.resolve(TENANT + "/new"));
      browser.fill("id", id);
      browser.fill("key_arn", key);
      browser.await(
          "document.querySelector('#documents').textContent.includes(" + Browser.quoted(key) + ")");
      browser.follow("Test");
      assertTrue(browser.text().contains("The test failed"), browser.text());
      look("test-failed");

      kms.enableKey(request -> request.keyId(key));
      browser.follow("Test");
      assertTrue(browser.text().contains("The test passed"), browser.text());
      look("test-passed");
      browser.follow("Save");
      assertEquals(TENANT + "/keystores/" + id, browser.evaluate("location.pathname").asText());

      browser.follow("Change Key Now");
      browser.leave(() -> browser.click("Change Key Now", 2));
      browser.open(console.resolve(TENANT + "/keystores/" + id));
      assertEquals(2, browser.evaluate("document.querySelectorAll('tbody tr').length").asInt());
      look("keystore");

      kms.disableKey(request -> request.keyId(key));
      browser.follow("Change Key Now");
      browser.follow("Change Key Now");
      assertTrue(browser.text().contains("KMS_KEY_DISABLED"), browser.text());
      browser.open(console.resolve(TENANT + "/keystores/" + id));
      assertTrue(browser.text().contains("root key fails"), browser.text());
      assertTrue(browser.text().contains("DisabledException"), browser.text());
      look("withdrawn");

      kms.enableKey(request -> request.keyId(key));
      changeUntilItWorks(id);
      browser.open(console.resolve(TENANT + "/keystores/" + id));
      assertTrue(browser.text().contains("working"), browser.text());
      follow(id);
      for (String page : List.of("", "/root-keys", "/pipeline", "/audit")) {
        browser.open(console.resolve(TENANT + page));
        look(page.isEmpty() ? "keystores" : page.substring(1));
      }
    }
  }

  /// Moves the KEKs, whose progress the page follows by itself, and looks at what ends keys.
  private void follow(String id) throws IOException {
    URI keystore = console.resolve(TENANT + "/keystores/" + id);
    browser.open(keystore);
    browser.follow("Move all KEKs to the root key");
    look("re-encrypt");
    browser.follow("Move all KEKs to the root key");
    browser.evaluate("window.stays = true");
    browser.await("document.querySelector('#re-encryption').textContent.includes('Completed:')");
    assertTrue(browser.evaluate("window.stays").asBoolean(), "the page was loaded again");
    look("re-encryption");

    browser.follow("Schedule the destruction of the KEK");
    look("destruction");
    browser.open(keystore);
    browser.follow("Delete the keystore");
    browser.follow("Delete the keystore");
    assertTrue(browser.text().contains("KEKs that are not destroyed"), browser.text());
    look("deletion");
    browser.click("Delete the keystore", 1);
    assertTrue(
        browser.evaluate("document.querySelector('[name=force]').matches(':invalid')").asBoolean(),
        "the question has to be confirmed");
    browser.evaluate("document.querySelector('[name=force]').checked = true");
    browser.follow("Delete the keystore");
    look("to-be-deleted");
    browser.follow("Cancel the deletion");
    browser.follow("Cancel the deletion");
    browser.open(console.resolve(TENANT + "/new"));
    browser.fill("key_arn", "arn:aws:kms:eu-west-1:222233334444:key/mrk-" + "0".repeat(32));
    browser.await("document.querySelector('#warnings') !== null");
    look("warnings");
  }

  /// For a short time after a refusal the broker believes it.
  private void changeUntilItWorks(String id) {
    for (int attempt = 0; attempt < 100; attempt++) {
      browser.open(console.resolve(TENANT + "/keystores/" + id + "/rotate"));
      browser.follow("Change Key Now");
      if (!browser.text().contains("KMS_KEY_DISABLED")) {
        return;
      }
    }
    throw new AssertionError(browser.text());
  }

  /// Checks what people depend on, in the light and in the dark, narrow and wide.
  private void look(String name) throws IOException {
    for (String scheme : List.of("light", "dark")) {
      browser.send(
          "Emulation.setEmulatedMedia",
          Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
      // Colours change over a while, even if people ask for less motion.
      browser.evaluate(
          "Promise.allSettled(document.getAnimations().map(it => it.finished)).then(() => 0)");
      for (int width : List.of(360, 1280)) {
        browser.send(
            "Emulation.setDeviceMetricsOverride",
            Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
        assertTrue(
            browser.evaluate("document.documentElement.scrollWidth").asInt() <= width,
            name + " does not fit " + width + " px");
      }
      browser.screenshot(PICTURES.resolve(name + "-" + scheme + ".png"));
      try (InputStream axe = AdministratorsDayTest.class.getResourceAsStream(AXE)) {
        browser.evaluate(new String(axe.readAllBytes(), StandardCharsets.UTF_8) + ";0");
      }
      assertEquals(
          "",
          browser
              .evaluate(
                  """
                  axe.run().then(found => found.violations
                    .filter(it => ['serious', 'critical'].includes(it.impact))
                    .map(it => it.id + ': ' + it.nodes.map(node => node.html).join(' '))
                    .join('\\n'))
                  """)
              .asText(),
          name + ", " + scheme);
    }
  }
}
