package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.keystore.TenantAccount;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The console while PostgreSQL, Redis or KMS is down: every page answers in words, and works again
/// afterwards.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(BoundedConsole.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ConsoleOutageTest {
  @TestHTTPResource URI console;
  EmbeddedServices services;
  BrokerAddress address;

  private final String tenant = "/tenants/t-" + UUID.randomUUID();
  private final String keystore = tenant + "/keystores/calls";
  private final List<String> pages =
      List.of(
          tenant,
          keystore,
          keystore + "/edit",
          tenant + "/new",
          tenant + "/root-keys",
          tenant + "/audit",
          tenant + "/audit.jsonl");

  /// Pages that ask no store.
  private final List<String> local = List.of("/", keystore + "/rotate", tenant + "/pipeline");

  private WebClient browser;
  private TenantAccount account;
  private String key;

  @BeforeEach
  void keystore() {
    browser = new WebClient(console);
    account = new TenantAccount(services, "888877776666");
    key = account.newKey(TenantAccount.BROKER_STATEMENT);
    try (BrokerClient client = new BrokerClient("127.0.0.1", address.grpcPort())) {
      client.create(tenant.substring(1), "calls", key);
    }
  }

  @AfterEach
  void close() {
    account.close();
  }

  private HttpResponse<String> submit(String path, Map<String, String> fields) {
    return browser.submit(tenant + "/pipeline", path, fields);
  }

  private HttpResponse<String> change() {
    return submit(keystore + "/rotate", Map.of("request_id", UUID.randomUUID().toString()));
  }

  private HttpResponse<String> test() {
    return submit(tenant + "/new", Map.of("id", "tested", "key_arn", key, "action", "test"));
  }

  /// A page in words, with nothing of the broker's inside.
  private static void assertUnavailable(HttpResponse<String> page) {
    assertEquals(503, page.statusCode(), page.uri() + page.body());
    assertInWords(page);
  }

  private static void assertInWords(HttpResponse<String> page) {
    String type = page.headers().firstValue("Content-Type").orElse("");
    assertTrue(type.startsWith("text/html"), page.uri() + type);
    assertTrue(page.body().contains("<article class=\"refusal\""), page.body());
    for (String inside : List.of("Exception", "dev.keybroker", "io.quarkus", "postgres")) {
      assertFalse(page.body().contains(inside), inside + " in " + page.body());
    }
  }

  private void assertEveryPageWorks() {
    for (String path : local) {
      await(path, page -> page.statusCode() == 200);
    }
    for (String path : pages) {
      await(path, page -> page.statusCode() == 200);
    }
  }

  private void await(String path, Predicate<HttpResponse<String>> condition) {
    HttpResponse<String> page = browser.get(path);
    for (long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1); !condition.test(page); ) {
      assertTrue(System.nanoTime() - end < 0, page.body());
      pause();
      page = browser.get(path);
    }
  }

  private static void pause() {
    java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(250));
  }

  @Test
  void pages_whilePostgresIsDown_sayThatTheyCannotBeShown() throws Exception {
    services
        .postgres()
        .crash(
            () -> {
              local.forEach(path -> assertEquals(200, browser.get(path).statusCode(), path));
              pages.forEach(path -> assertUnavailable(browser.get(path)));
              assertUnavailable(change());
              assertUnavailable(test());
            });
    assertEveryPageWorks();
  }

  @Test
  void pages_whilePostgresHangs_endAtTheDeadline() throws Exception {
    services
        .postgres()
        .freeze(
            () -> {
              local.forEach(path -> assertEquals(200, browser.get(path).statusCode(), path));
              pages.forEach(path -> assertUnavailable(browser.get(path)));
            });
    assertEveryPageWorks();
  }

  @Test
  void pages_whileRedisIsDown_areShown() throws Exception {
    services.withoutRedis(
        () -> {
          assertEveryPageWorks();
          HttpResponse<String> changed = change();
          assertEquals(200, changed.statusCode(), changed.body());
        });
    assertEveryPageWorks();
  }

  @Test
  void changes_whileKmsIsDown_sayWhatKmsDoes_andWorkAfterwards() {
    ActiveFault fault = services.kms().faults().add(Fault.of(Fault.Kind.CONNECTION_RESET));
    try {
      HttpResponse<String> tested = test();
      assertEquals(200, tested.statusCode(), tested.body());
      assertTrue(tested.body().contains("The test failed"), tested.body());
      HttpResponse<String> refused = change();
      assertUnavailable(refused);
      assertTrue(refused.body().contains("UNAVAILABLE/KMS_UNREACHABLE"), refused.body());
      for (String path : pages) {
        assertEquals(200, browser.get(path).statusCode(), path);
      }
    } finally {
      fault.close();
    }
    HttpResponse<String> changed = change();
    for (long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        changed.statusCode() != 200;
        changed = change()) {
      assertTrue(System.nanoTime() - end < 0, changed.body());
      pause();
    }
  }
}
