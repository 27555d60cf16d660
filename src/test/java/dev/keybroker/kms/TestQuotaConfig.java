package dev.keybroker.kms;

import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.microprofile.config.spi.Converter;

/// Settings of quotas for tests.
public final class TestQuotaConfig {
  private TestQuotaConfig() {}

  /// The defaults, except for these: name without prefix, value.
  public static KmsQuotaConfig with(String... settings) {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      properties.put("keybroker.kms-quota." + settings[i], settings[i + 1]);
    }
    return new SmallRyeConfigBuilder()
        .withConverters(new Converter<?>[] {new DurationConverter()})
        .withMapping(KmsQuotaConfig.class)
        .withSources(new PropertiesConfigSource(properties, "test", 100))
        .build()
        .getConfigMapping(KmsQuotaConfig.class);
  }
}
