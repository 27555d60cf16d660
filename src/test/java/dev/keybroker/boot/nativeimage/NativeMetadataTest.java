package dev.keybroker.boot.nativeimage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.embedded.EmbeddedServicesResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The caches of a running broker, whose classes Caffeine finds by name, are in the executable's
/// metadata: what is missing would show only there.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
class NativeMetadataTest {
  private static final Path METADATA =
      Path.of(
          "src/main/resources/META-INF/native-image/dev.keybroker/caffeine/reachability-metadata.json");
  private static final String CAFFEINE = "com.github.benmanes.caffeine.cache.";

  @Test
  void cachesOfTheBroker_areAllRegistered() throws Exception {
    Set<String> loaded = new TreeSet<>();
    loaded.addAll(factories("LocalCacheFactory"));
    loaded.addAll(factories("NodeFactory"));
    assertFalse(loaded.isEmpty());

    loaded.removeAll(registered());

    assertEquals(Set.of(), loaded);
  }

  /// The classes that Caffeine has found by name since this process began.
  private static Set<String> factories(String of) throws Exception {
    Field loaded = Class.forName(CAFFEINE + of).getDeclaredField("FACTORIES");
    loaded.setAccessible(true);
    return ((Map<?, ?>) loaded.get(null))
        .keySet().stream().map(name -> CAFFEINE + name).collect(Collectors.toSet());
  }

  private static Set<String> registered() throws IOException {
    Set<String> types = new TreeSet<>();
    JsonNode metadata = new ObjectMapper().readTree(METADATA.toFile());
    metadata.get("reflection").forEach(entry -> types.add(entry.get("type").asText()));
    return types;
  }
}
