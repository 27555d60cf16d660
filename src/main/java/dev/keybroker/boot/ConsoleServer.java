package dev.keybroker.boot;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;

/// Derives the settings of Quarkus' HTTP server from those of the console: whether it listens and
/// where, its TLS, and whether its callers sign in. Deployments can override each of them.
public final class ConsoleServer implements ConfigSourceFactory {
  static final String TLS = "keybroker";
  static final String PROVIDER = "quarkus.oidc.auth-server-url";

  /// Above the file of the package and below everything that a deployment sets.
  private static final int ORDINAL = 255;

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    boolean enabled = Boolean.parseBoolean(value(context, "keybroker.console.enabled", "false"));
    boolean signsIn = !value(context, PROVIDER, "").isEmpty();
    String port = value(context, "keybroker.console.port", "8080");
    Map<String, String> settings = new HashMap<>();
    settings.put("quarkus.http.host-enabled", String.valueOf(enabled));
    settings.put("quarkus.http.host", value(context, "keybroker.console.host", "0.0.0.0"));
    settings.put("quarkus.http.port", port);
    settings.put("quarkus.oidc.tenant-enabled", String.valueOf(enabled && signsIn));
    settings.put(
        "quarkus.http.auth.permission.console.policy", signsIn ? "authenticated" : "permit");
    if (enabled && isEncrypted(context)) {
      settings.put("quarkus.http.tls-configuration-name", TLS);
      settings.put("quarkus.http.insecure-requests", "disabled");
      settings.put("quarkus.http.ssl-port", port);
    }
    return List.of(new PropertiesConfigSource(settings, "console", ORDINAL));
  }

  @Override
  public OptionalInt getPriority() {
    return OptionalInt.of(ORDINAL);
  }

  private static boolean isEncrypted(ConfigSourceContext context) {
    for (Iterator<String> names = context.iterateNames(); names.hasNext(); ) {
      if (names.next().startsWith("quarkus.tls." + TLS + ".key-store.")) {
        return true;
      }
    }
    return false;
  }

  private static String value(ConfigSourceContext context, String name, String otherwise) {
    ConfigValue value = context.getValue(name);
    return value == null || value.getValue() == null || value.getValue().isEmpty()
        ? otherwise
        : value.getValue();
  }
}
