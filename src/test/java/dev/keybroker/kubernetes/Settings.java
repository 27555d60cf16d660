package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

/// What the ConfigMaps and Secrets of an overlay set for the broker.
final class Settings {
  private static final Path DEFAULTS = Path.of("src/main/resources/application.properties");
  private static final Map<String, Integer> DEFAULT_PORTS = Map.of("https", 443, "http", 80);

  private Settings() {}

  /// As the broker sees it: the overlay's files over `application.properties`.
  static SmallRyeConfig of(Overlay overlay) {
    Properties defaults = new Properties();
    try (Reader in = Files.newBufferedReader(DEFAULTS)) {
      defaults.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new SmallRyeConfigBuilder()
        .withConverter(Duration.class, 1_000, new DurationConverter())
        .withSources(new PropertiesConfigSource(text(defaults), "defaults", 1))
        .withSources(new PropertiesConfigSource(given(overlay), "overlay", 2))
        .build();
  }

  /// The settings that the overlay gives, ConfigMaps and Secrets together.
  ///
  /// @throws IllegalArgumentException where two files say something of one setting: which of them
  ///     counts is then nobody's decision
  static Map<String, String> given(Overlay overlay) {
    Map<String, String> settings = new HashMap<>();
    for (String file : files(overlay).values()) {
      text(properties(file))
          .forEach(
              (key, value) -> {
                if (settings.put(key, value) != null) {
                  throw new IllegalArgumentException(overlay + " says twice: " + key);
                }
              });
    }
    return settings;
  }

  /// The files of settings, by name.
  static Map<String, String> files(Overlay overlay) {
    Map<String, String> files = new HashMap<>();
    overlay.all(ConfigMap.class).forEach(map -> files.putAll(map.getData()));
    for (Secret secret : overlay.all(Secret.class)) {
      secret
          .getData()
          .forEach(
              (name, value) ->
                  files.put(
                      name,
                      new String(Base64.getMimeDecoder().decode(value), StandardCharsets.UTF_8)));
    }
    overlay.all(ExternalSecret.class).stream()
        .filter(secret -> secret.spec().target().name().equals("keybroker"))
        .forEach(secret -> files.putAll(secret.spec().target().template().data()));
    files.keySet().removeIf(name -> !name.endsWith(".properties"));
    return files;
  }

  /// The ports of PostgreSQL, Redis and KMS, as the settings' URLs name them.
  static Set<Integer> portsOfServices(Overlay overlay) {
    Set<Integer> ports = new HashSet<>();
    Map<String, String> settings = given(overlay);
    settings.forEach(
        (key, value) -> {
          if (key.endsWith(".url") || key.endsWith(".hosts") || key.endsWith("endpoint-override")) {
            URI uri = URI.create(value.replaceFirst("^jdbc:", ""));
            ports.add(uri.getPort() > 0 ? uri.getPort() : DEFAULT_PORTS.get(uri.getScheme()));
          }
        });
    if (!settings.containsKey("quarkus.kms.endpoint-override")) {
      ports.add(443);
    }
    return ports;
  }

  private static Properties properties(String text) {
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(text));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }

  private static Map<String, String> text(Properties properties) {
    Map<String, String> map = new HashMap<>();
    properties.forEach((key, value) -> map.put((String) key, (String) value));
    return map;
  }
}
