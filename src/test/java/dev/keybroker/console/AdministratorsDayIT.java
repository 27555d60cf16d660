package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// People at the console of the packaged broker, in a real browser: over TLS and signed in at an
/// OpenID Connect provider, as in production. Leaves pictures of the pages in `target/screenshots`;
/// with `-Dupdate-docs` it replaces those in `src/docs`.
class AdministratorsDayIT {
  private static final Path PICTURES = Path.of("target", "screenshots");
  private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final int WIDE = 1200;
  private static final String ACCESS =
      """
      version: 1
      grants:
        - callers: ["jwt:admin"]
          permissions: [keystore.view, keystore.edit, audit.view]
          on: ["tenants/*"]
        - callers: ["dns:recorder.example.org"]
          permissions: [dek.wrap, dek.unwrap]
          on: ["tenants/acme"]
      """;

  private static EmbeddedServices services;
  private static TenantAccount account;
  private static PackagedBroker broker;
  private static BrokerClient recorder;
  private static Browser browser;
  private static URI console;

  @BeforeAll
  static void start() throws Exception {
    Optional<Path> chromium = Browser.executable();
    if (chromium.isEmpty()) {
      assertNull(System.getenv("CI"), "Chromium is missing");
      Assumptions.abort("there is no Chromium");
    }
    Path parent = Files.createDirectories(Path.of("target", "administrators-day"));
    Path folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    TestAuthority servers = TestAuthority.create("servers");
    TestAuthority clients = TestAuthority.create("clients");
    servers.server().write(folder.resolve("tls.crt"), folder.resolve("tls.key"));
    Files.writeString(folder.resolve("ca.crt"), clients.pem());
    Files.writeString(folder.resolve("access.yaml"), ACCESS);
    int port = PackagedBroker.freePort();
    console = URI.create("https://127.0.0.1:" + port + "/");
    services = EmbeddedServices.start(folder.resolve("services"));
    account = new TenantAccount(services, "222233334444");
    broker =
        PackagedBroker.in(folder)
            .with(services.configuration())
            .with(new SignedInBroker().getConfigOverrides())
            .with(secured(folder))
            .with("keybroker.console.host", "127.0.0.1")
            .with("keybroker.console.port", String.valueOf(port))
            .startAndAwaitReady();
    Issued shown = clients.issue("recorder", new Request().dns("recorder.example.org"));
    recorder =
        new BrokerClient(
            NettyChannelBuilder.forAddress("localhost", broker.grpcPort())
                .sslContext(
                    GrpcSslContexts.forClient()
                        .trustManager(servers.certificate())
                        .keyManager(shown.key(), shown.certificate())
                        .build())
                .build());
    browser = new Browser(chromium.orElseThrow());
    browser.send("Emulation.setTimezoneOverride", Map.of("timezoneId", "Europe/Berlin"));
  }

  private static Map<String, String> secured(Path folder) {
    Map<String, String> settings = new HashMap<>();
    settings.put("keybroker.insecure", "false");
    // Patience, as with all tests: machines can be slow.
    settings.put("keybroker.postgres.timeout", "10s");
    settings.put("keybroker.postgres.transaction-timeout", "10s");
    settings.put("keybroker.audit.commit-timeout", "10s");
    settings.put("keybroker.access.file", folder.resolve("access.yaml").toString());
    settings.put("keybroker.mtls.dns-authorities", folder.resolve("ca.crt").toString());
    settings.put(
        "quarkus.tls.keybroker.key-store.pem.0.cert", folder.resolve("tls.crt").toString());
    settings.put("quarkus.tls.keybroker.key-store.pem.0.key", folder.resolve("tls.key").toString());
    return settings;
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable part : Arrays.asList(browser, recorder, broker, account, services)) {
      if (part != null) {
        part.close();
      }
    }
  }

  @Test
  void administratorsDay_fromOnboardingToRecovery() throws Exception {
    String key = account.newKey();
    URI keystores = console.resolve("/tenants/acme");
    URI calls = console.resolve("/tenants/acme/keystores/calls");
    signIn(console, "admin", "");
    look("home");

    enter("calls", "Call recordings", account.alias("recordings", key));
    browser.follow("Test");
    assertShown("The test failed", "AccessDeniedException");
    look("test-failed");
    admitBroker(key);
    browser.follow("Test");
    assertShown("The test passed");
    look("test-passed");
    browser.follow("Save");
    assertEquals(calls.getPath(), path(), browser.text());
    WrapDekResponse wrapped =
        recorder
            .broker()
            .wrapDek(
                WrapDekRequest.newBuilder().setKeystore("tenants/acme/keystores/calls").build());
    unwrap(wrapped);

    browser.follow("Change Key Now");
    browser.leave(() -> browser.click("Change Key Now", 2));
    browser.open(calls);
    assertEquals(2, keks());
    look("keystore");

    for (List<String> other :
        List.of(List.of("screens", "Screen recordings"), List.of("chats", "Chat transcripts"))) {
      enter(other.get(0), other.get(1), account.newKey(TenantAccount.BROKER_STATEMENT));
      browser.follow("Save");
    }
    account.kms().disableKey(request -> request.keyId(key));
    Eventually.holds(
        LONGEST,
        () ->
            assertEquals(
                "FAILED_PRECONDITION/KMS_KEY_DISABLED",
                BrokerClient.reason(
                    assertThrows(StatusRuntimeException.class, () -> unwrap(wrapped)))));
    browser.open(calls);
    browser.follow("Change Key Now");
    browser.follow("Change Key Now");
    assertShown("KMS_KEY_DISABLED");
    Eventually.holds(
        LONGEST,
        () -> {
          browser.open(calls);
          assertShown("root key fails", "DisabledException", "1 unwrap was refused.");
        });
    look("withdrawn");
    browser.open(keystores);
    assertShown("root key fails", "working");
    look("keystores");
    browser.open(console.resolve("/tenants/acme/audit?keystore=calls&outcome=REFUSED"));
    assertShown("UnwrapDek", "recorder.example.org", "RotateKek", "KMS_KEY_DISABLED");
    look("audit");

    account.kms().enableKey(request -> request.keyId(key));
    Eventually.holds(LONGEST, () -> unwrap(wrapped));
    changeUntilItWorks(calls);
    Eventually.holds(
        LONGEST,
        () -> {
          browser.open(calls);
          assertShown("working");
          assertFalse(browser.text().contains("root key fails"), browser.text());
          assertFalse(browser.text().contains("refused"), browser.text());
        });
    assertEquals(3, keks());

    endKeys(calls);
    for (String page : List.of("root-keys", "pipeline")) {
      browser.open(console.resolve("/tenants/acme/" + page));
      look(page);
    }
  }

  /// Fills in the form of a new keystore, whose documents follow by themselves.
  private void enter(String id, String displayName, String key) {
    browser.open(console.resolve("/tenants/acme/new"));
    browser.fill("id", id);
    browser.fill("display_name", displayName);
    browser.fill("private_kek_lifetime", "5");
    browser.fill("key_arn", key);
    browser.await(
        "document.querySelector('#documents').textContent.includes(" + Browser.quoted(key) + ")");
  }

  /// Adds the statements that the page shows to the key's policy.
  private void admitBroker(String key) throws IOException {
    JsonNode shown =
        new ObjectMapper()
            .readTree(
                browser.evaluate("document.querySelector('#documents pre').textContent").asText());
    List<String> statements = new ArrayList<>();
    shown.forEach(statement -> statements.add(statement.toString()));
    account.putKeyPolicy(key, statements.toArray(String[]::new));
  }

  private static void unwrap(WrapDekResponse wrapped) {
    assertEquals(
        wrapped.getDek(),
        recorder
            .broker()
            .unwrapDek(
                UnwrapDekRequest.newBuilder()
                    .setKeystore("tenants/acme/keystores/calls")
                    .setWrappedDek(wrapped.getWrappedDek())
                    .build())
            .getDek());
  }

  /// Moves the KEKs, whose progress the page follows by itself, and looks at what ends keys.
  private void endKeys(URI keystore) throws IOException {
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
    assertShown("KEKs that are not destroyed");
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
    browser.open(console.resolve("/tenants/acme/new"));
    browser.fill("key_arn", "arn:aws:kms:eu-west-1:222233334444:key/mrk-" + "0".repeat(32));
    browser.await("document.querySelector('#warnings') !== null");
    look("warnings");
  }

  /// For a short time after a refusal the broker believes it.
  private void changeUntilItWorks(URI keystore) {
    Eventually.holds(
        LONGEST,
        () -> {
          browser.open(URI.create(keystore + "/rotate"));
          browser.follow("Change Key Now");
          assertEquals(keystore.getPath(), path(), browser.text());
        });
  }

  @Test
  void visitorWithoutPermission_seesThat_andWhomToAsk() throws Exception {
    signIn(console.resolve("/tenants/acme"), "stranger", "");
    assertShown("You have no permission for this page.", "access file", "jwt:stranger");
    look("no-permission");
  }

  @Test
  void form_withoutTheTokenOfAPage_orOfAnotherSite_changesNothing() {
    URI keystore = console.resolve("/tenants/forms/keystores/k");
    signIn(console.resolve("/tenants/forms/new"), "admin", "");
    browser.fill("id", "k");
    browser.fill("key_arn", account.newKey(TenantAccount.BROKER_STATEMENT));
    browser.follow("Save");
    assertEquals(keystore.getPath(), path(), browser.text());

    choose("DAILY");
    browser.evaluate("document.querySelectorAll('[name=csrf-token]').forEach(it => it.remove())");
    browser.follow("Save");
    assertShown("400");

    browser.open(URI.create("about:blank"));
    browser.leave(
        () ->
            browser.evaluate(
                """
                document.body.innerHTML =
                  '<form method="post" action="%s/period"><input name="period" value="DAILY"></form>';
                document.querySelector('form').submit()
                """
                    .formatted(keystore)));

    browser.open(keystore);
    assertEquals("NEVER", browser.evaluate("document.querySelector('#period').value").asText());
    choose("DAILY");
    browser.follow("Save");
    assertEquals("DAILY", browser.evaluate("document.querySelector('#period').value").asText());
  }

  private void choose(String period) {
    browser.evaluate("document.querySelector('#period').value = " + Browser.quoted(period));
  }

  @Test
  void sessionThatHasEnded_isSaidAfterAForm_andLeadsToANewSignIn() throws Exception {
    startSessionThatEnds();
    browser.follow("Test");
    assertShown("Your session has ended.");
    look("session-ended");
    browser.follow("Sign in again");
    assertFalse(isConsole(), browser.text());
    submitSignIn("admin", "");
    assertEquals("/", path());

    startSessionThatEnds();
    browser.leave(() -> browser.fill("key_arn", "x"));
    assertShown("Your session has ended.");
  }

  /// Opens a form, which stays as it is while the session ends.
  private static void startSessionThatEnds() {
    long end = Instant.now().getEpochSecond() + 10;
    signIn(console.resolve("/tenants/sessions/new"), "admin", "{\"exp\": " + end + "}");
    browser.fill("id", "late");
    browser.await("fetch('/', {redirect: 'manual'}).then(it => it.type === 'opaqueredirect')");
  }

  @Test
  void signOut_leadsToTheProvider_andEndsTheSession() {
    signIn(console, "admin", "");
    browser.leave(() -> browser.click("Sign out", 1));
    browser.await("location.pathname.endsWith('/endsession')");
    browser.open(console);
    assertFalse(isConsole(), browser.text());
  }

  /// Opens a page as somebody whom the browser does not know yet.
  private static void signIn(URI page, String subject, String claims) {
    browser.send("Network.clearBrowserCookies", Map.of());
    browser.open(page);
    submitSignIn(subject, claims);
    assertEquals(page.getPath(), path(), browser.text());
  }

  /// Fills in the provider's form.
  private static void submitSignIn(String subject, String claims) {
    browser.leave(
        () ->
            browser.evaluate(
                """
                document.querySelector('[name=username]').value = %s;
                document.querySelector('[name=claims]').value = %s;
                document.querySelector('form').submit()
                """
                    .formatted(Browser.quoted(subject), Browser.quoted(claims))));
  }

  private static boolean isConsole() {
    return browser.evaluate("location.port").asInt() == console.getPort();
  }

  private static String path() {
    return browser.evaluate("location.pathname").asText();
  }

  private static int keks() {
    return browser.evaluate("document.querySelectorAll('tbody tr').length").asInt();
  }

  private static void assertShown(String... texts) {
    String shown = browser.text();
    for (String text : texts) {
      assertTrue(shown.contains(text), () -> text + " is not in: " + shown);
    }
  }

  /// Checks what people depend on, in the light and in the dark, narrow and wide.
  private static void look(String name) throws IOException {
    for (String scheme : List.of("dark", "light")) {
      browser.prefer(scheme);
      for (int width : List.of(360, WIDE)) {
        browser.resize(width);
        assertTrue(
            browser.evaluate("document.documentElement.scrollWidth").asInt() <= width,
            name + " does not fit " + width + " px");
      }
      browser.screenshot(PICTURES.resolve(name + "-" + scheme + ".png"));
      try (InputStream axe = AdministratorsDayIT.class.getResourceAsStream(AXE)) {
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
    PagePicture picture = PagePicture.IN_DOCS.get(name);
    if (picture != null) {
      picture.draw(browser, PICTURES);
    }
  }
}
