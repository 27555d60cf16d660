package dev.keybroker.boot;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Derives the settings of Quarkus' HTTP server from those of the console: whether it listens and
/// where, its TLS, and whether its callers sign in. Deployments can override each of them.
///
/// An interceptor sees all sources of the configuration. A source factory would not see the files
/// that `SMALLRYE_CONFIG_LOCATIONS` names.
public final class ConsoleServer implements ConfigSourceInterceptor {
  static final String TLS = "keybroker";
  static final String PROVIDER = "quarkus.oidc.auth-server-url";

  private static final long serialVersionUID = 1;

  /// Above the file of the package and below everything that a deployment sets.
  private static final int ORDINAL = 255;

  private static final Set<String> DERIVED =
      Set.of(
          "quarkus.http.host-enabled",
          "quarkus.http.host",
          "quarkus.http.port",
          "quarkus.http.ssl-port",
          "quarkus.http.tls-configuration-name",
          "quarkus.http.insecure-requests",
          "quarkus.oidc.tenant-enabled",
          "quarkus.http.auth.permission.console.policy");

  @Override
  public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
    ConfigValue given = context.proceed(name);
    if (!DERIVED.contains(name)
        || (given != null
            && given.getValue() != null
            && given.getConfigSourceOrdinal() > ORDINAL)) {
      return given;
    }
    String derived = derived(context, name);
    return derived == null
        ? given
        : ConfigValue.builder()
            .withName(name)
            .withValue(derived)
            .withRawValue(derived)
            .withConfigSourceName("console")
            .withConfigSourceOrdinal(ORDINAL)
            .build();
  }

  @Override
  public Iterator<String> iterateNames(ConfigSourceInterceptorContext context) {
    Set<String> names = new LinkedHashSet<>(DERIVED);
    context.iterateNames().forEachRemaining(names::add);
    return names.iterator();
  }

  private static @Nullable String derived(ConfigSourceInterceptorContext context, String name) {
    boolean enabled = Boolean.parseBoolean(value(context, "keybroker.console.enabled", "false"));
    boolean signsIn = !value(context, PROVIDER, "").isEmpty();
    boolean encrypts = enabled && isEncrypted(context);
    return switch (name) {
      case "quarkus.http.host-enabled" -> String.valueOf(enabled);
      case "quarkus.http.host" -> value(context, "keybroker.console.host", "0.0.0.0");
      case "quarkus.http.port" -> value(context, "keybroker.console.port", "8080");
      case "quarkus.http.ssl-port" ->
          encrypts ? value(context, "keybroker.console.port", "8080") : null;
      case "quarkus.http.tls-configuration-name" -> encrypts ? TLS : null;
      case "quarkus.http.insecure-requests" -> encrypts ? "disabled" : null;
      case "quarkus.oidc.tenant-enabled" -> String.valueOf(enabled && signsIn);
      case "quarkus.http.auth.permission.console.policy" -> signsIn ? "authenticated" : "permit";
      default -> null;
    };
  }

  private static boolean isEncrypted(ConfigSourceInterceptorContext context) {
    for (Iterator<String> names = context.iterateNames(); names.hasNext(); ) {
      if (names.next().startsWith("quarkus.tls." + TLS + ".key-store.")) {
        return true;
      }
    }
    return false;
  }

  private static String value(
      ConfigSourceInterceptorContext context, String name, String otherwise) {
    ConfigValue value = context.restart(name);
    return value == null || value.getValue() == null || value.getValue().isEmpty()
        ? otherwise
        : value.getValue();
  }
}
