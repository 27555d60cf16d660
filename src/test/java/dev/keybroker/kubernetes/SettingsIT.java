package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged broker with the settings of an overlay, as files in a folder: what a pod gets.
class SettingsIT {
  @TempDir Path folder = Path.of("");

  @Test
  void broker_withTheSettingsOfDev_knowsThemAllAndIsReady() throws Exception {
    Path dev = Kustomize.ROOT.resolve("overlays/dev");
    Map<String, String> files = Settings.files(Overlay.of(dev.toString(), Kustomize.render(dev)));
    Path settings = Files.createDirectory(folder.resolve("config"));
    for (Map.Entry<String, String> file : files.entrySet()) {
      Files.writeString(settings.resolve(file.getKey()), file.getValue());
    }
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"))) {
      PackagedBroker.Launch launch =
          PackagedBroker.in(folder).option("-Dsmallrye.config.locations=" + settings);
      // What is elsewhere here than in the cluster: over the files.
      services.configuration().forEach((key, value) -> launch.option("-D" + key + "=" + value));
      int grpcPort = PackagedBroker.freePort();
      int managementPort = PackagedBroker.freePort();
      launch
          .with("quarkus.grpc.server.port", Integer.toString(grpcPort))
          .with("quarkus.management.port", Integer.toString(managementPort))
          .option("-Dquarkus.grpc.server.host=127.0.0.1")
          .option("-Dquarkus.grpc.server.port=" + grpcPort)
          .option("-Dquarkus.management.host=127.0.0.1")
          .option("-Dquarkus.management.port=" + managementPort);
      try (PackagedBroker broker = launch.startAndAwaitReady()) {
        assertFalse(broker.log().contains("Unrecognized configuration key"), broker.log());
        assertTrue(broker.get("/q/health/ready").contains("gRPC Server"), "fed by gRPC health");
        assertTrue(broker.get("/q/health/live").contains("UP"));
        assertTrue(broker.get("/q/health/started").contains("UP"));
        assertJsonLines(broker.log());
      }
    }
  }

  private static void assertJsonLines(String log) throws Exception {
    JsonMapper mapper = new JsonMapper();
    // Before the settings are read, the JVM may say something of its own.
    var lines = log.lines().filter(line -> line.contains("dev.keybroker")).toList();
    assertFalse(lines.isEmpty(), log);
    for (String line : lines) {
      JsonNode event = mapper.readTree(line);
      for (String field : new String[] {"timestamp", "level", "loggerName", "message"}) {
        assertTrue(event.hasNonNull(field), line);
      }
    }
    assertEquals(0, log.lines().filter(line -> line.matches("^\\d{4}-\\d\\d-\\d\\d .*")).count());
  }
}
