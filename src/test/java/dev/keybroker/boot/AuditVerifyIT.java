package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.v1.AuditVerification;
import dev.keybroker.v1.GetAuditVerificationRequest;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The command `audit-verify` of the package, on what a broker that has ended left behind.
class AuditVerifyIT {
  private static final Duration END = Duration.ofSeconds(60);

  @Test
  void command_afterAnOrderlyEnd_verifies_andFindsWhatIsAlteredThen() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "audit-verify-");
    Path stream = folder.toAbsolutePath().resolve("audit.jsonl");
    try (EmbeddedServices services = EmbeddedServices.start(folder)) {
      try (PackagedBroker broker =
          PackagedBroker.in(folder)
              .with(services.configuration())
              .with("keybroker.audit.stream", "file:" + stream)
              .startAndAwaitReady()) {
        for (int i = 0; i < 5; i++) {
          broker
              .client()
              .keystores()
              .listKeystores(ListKeystoresRequest.newBuilder().setParent("tenants/acme").build());
        }
        assertEquals(
            5,
            broker
                .client()
                .audit()
                .listAuditEvents(
                    ListAuditEventsRequest.newBuilder().setParent("tenants/acme").build())
                .getEventsCount());
        broker.signal("TERM");
        assertEquals(0, broker.awaitEnd(END), broker::log);
      }
      assertTrue(Files.readString(stream).contains("AuditCheckpoint"), "no checkpoint");

      PackagedBroker verified = verify(folder, services, "--checkpoints", stream.toString());
      assertEquals(0, verified.awaitEnd(END), verified::log);
      assertTrue(verified.log().contains("7 records verified\n"), verified::log);

      Map<String, String> configuration = services.configuration();
      try (Connection connection =
              DriverManager.getConnection(
                  configuration.get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
          Statement statement = connection.createStatement()) {
        assertEquals(
            1, statement.executeUpdate("update audit_record set peer = 'other' where seq = 3"));
      }
      PackagedBroker altered = verify(folder, services);
      assertEquals(1, altered.awaitEnd(END), altered::log);
      assertTrue(altered.log().contains("seq 3: ALTERED"), altered::log);

      PackagedBroker recorded = verify(folder, services, "--record");
      assertEquals(1, recorded.awaitEnd(END), recorded::log);
      assertTrue(recorded.log().contains("the result is on record in chain"), recorded::log);
      try (PackagedBroker broker =
          PackagedBroker.in(folder)
              .named("reads-result")
              .with(services.configuration())
              .startAndAwaitReady()) {
        AuditVerification last =
            broker
                .client()
                .audit()
                .getAuditVerification(
                    GetAuditVerificationRequest.newBuilder().setParent("tenants/acme").build());
        assertEquals(1, last.getBrokenChains(), last::toString);
        assertFalse(last.getPassed() || last.getPartial() || last.getAuthenticated());
      }

      PackagedBroker misused = verify(folder, services, "--everything");
      assertEquals(2, misused.awaitEnd(END), misused::log);
      assertTrue(misused.log().contains("usage: audit-verify"), misused::log);
    }
  }

  private static PackagedBroker verify(Path folder, EmbeddedServices services, String... options)
      throws Exception {
    return PackagedBroker.in(folder)
        .named("verify-" + options.length + (options.length == 0 ? "" : options[0]))
        .with(services.configuration())
        .arguments("audit-verify")
        .arguments(options)
        .start();
  }
}
