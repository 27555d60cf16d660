package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.postgres.LockedTable;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Pages that wait for PostgreSQL, and pages that somebody asks for too often, against the callers
/// of the data plane.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(BoundedConsole.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ConsoleLoadTest {
  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  @Inject ConsoleConfig config;
  @Inject MeterRegistry registry;
  EmbeddedServices services;
  BrokerAddress address;

  private final String tenant = "tenants/t-" + UUID.randomUUID();
  private WebClient browser;
  private TenantAccount account;
  private BrokerClient client;

  @BeforeEach
  void keystore() {
    browser = new WebClient(console);
    account = new TenantAccount(services, "888877776666");
    client = new BrokerClient("127.0.0.1", address.grpcPort());
    client.create(tenant, "calls", account.newKey(TenantAccount.BROKER_STATEMENT));
    wrap();
  }

  @AfterEach
  void close() {
    client.close();
    account.close();
  }

  private void wrap() {
    WrapDekRequest request =
        WrapDekRequest.newBuilder().setKeystore(tenant + "/keystores/calls").build();
    assertEquals(32, client.broker().wrapDek(request).getDek().size());
  }

  private CompletableFuture<HttpResponse<String>> page() {
    return CompletableFuture.supplyAsync(
        () -> browser.get("/" + tenant), Thread::startVirtualThread);
  }

  private static void assertRefused(String reason, HttpResponse<String> page) {
    assertEquals(503, page.statusCode(), page.body());
    assertTrue(page.body().contains("<code>" + reason + "</code>"), page.body());
  }

  @Test
  void pages_whileAllCallsWaitForPostgres_areRefusedAtOnce_andWrapsGoOn() throws Exception {
    try (LockedTable keystores = new LockedTable(services, "keystore")) {
      List<CompletableFuture<HttpResponse<String>>> held =
          Stream.generate(this::page).limit(BoundedConsole.CALLS).toList();
      while (keystores.waiting() < BoundedConsole.CALLS) {
        Thread.sleep(20);
      }

      assertRefused("UNAVAILABLE/CONSOLE_BUSY", browser.get("/" + tenant));
      for (int i = 0; i < 50; i++) {
        wrap();
      }
      assertEquals(200, browser.get("/").statusCode());
      for (CompletableFuture<HttpResponse<String>> late : held) {
        assertRefused("DEADLINE_EXCEEDED/DEADLINE_EXCEEDED", late.join());
      }
      // Their calls still wait for PostgreSQL.
      assertRefused("UNAVAILABLE/CONSOLE_BUSY", browser.get("/" + tenant));
    }
    while (browser.get("/" + tenant).statusCode() != 200) {
      Thread.sleep(100);
    }
    List<CompletableFuture<HttpResponse<String>>> all =
        Stream.generate(this::page).limit(BoundedConsole.CALLS).toList();
    for (CompletableFuture<HttpResponse<String>> page : all) {
      assertEquals(200, page.join().statusCode(), "a place is not free again");
    }
  }

  @Test
  void call_thatFailsWhileItIsMade_freesItsPlace() {
    Visitor visitor =
        new Visitor(null, null, null) {
          @Override
          Caller caller() {
            return Caller.ANONYMOUS;
          }

          @Override
          String peer() {
            return "127.0.0.1:1";
          }
        };
    Api api = new Api(calls, visitor, config, registry);
    for (int i = 0; i <= BoundedConsole.CALLS; i++) {
      RuntimeException failure =
          assertThrows(
              RuntimeException.class,
              () -> api.keystores((ListTenantsRequest) null, Keystores::listTenants));
      assertFalse(failure instanceof RefusedCall, failure::toString);
    }
    ListTenantsRequest request = ListTenantsRequest.newBuilder().setPageSize(1).build();
    assertEquals(1, api.keystores(request, Keystores::listTenants).getTenantsCount());
  }

  @Test
  void pages_aboveTheRateOfTheTenant_areRefused_andWrapsGoOn() {
    HttpResponse<String> page = browser.get("/" + tenant);
    for (int i = 0; i < 20 * BoundedConsole.BURST && page.statusCode() == 200; i++) {
      page = browser.get("/" + tenant);
    }
    assertEquals(429, page.statusCode(), page.body());
    assertTrue(page.body().contains("RESOURCE_EXHAUSTED/RATE_LIMITED"), page.body());
    wrap();
  }
}
