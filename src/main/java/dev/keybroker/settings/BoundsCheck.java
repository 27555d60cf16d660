package dev.keybroker.settings;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import dev.keybroker.crypto.MacKey;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.common.utils.StringUtil;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Enforces [Bounds]. A message names the setting and the rule, and never repeats the value, which
/// may be a secret.
///
/// A native executable needs the interfaces in `META-INF/native-image`.
public final class BoundsCheck {
  private static final Map<String, BigDecimal> SECONDS =
      Map.of(
          "ms", new BigDecimal("0.001"),
          "s", BigDecimal.ONE,
          "min", BigDecimal.valueOf(60),
          "h", BigDecimal.valueOf(3600),
          "day", BigDecimal.valueOf(86_400));

  private BoundsCheck() {}

  /// Returns the violations in the settings of a `@ConfigMapping` interface, one sentence each.
  public static <T> List<String> violations(Class<T> type, T settings) {
    Method[] methods = type.getMethods();
    if (methods.length == 0) {
      throw new IllegalStateException(type + " is not registered for reflection");
    }
    String prefix = requireNonNull(type.getAnnotation(ConfigMapping.class)).prefix();
    List<String> violations = new ArrayList<>();
    for (Method method : methods) {
      Bounds bounds = method.getAnnotation(Bounds.class);
      if (bounds != null) {
        String name = prefix + "." + StringUtil.skewer(method.getName());
        check(name, bounds, value(method, settings), violations);
      }
    }
    return violations;
  }

  private static Object value(Method method, Object settings) {
    try {
      return requireNonNull(method.invoke(settings));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void check(String name, Bounds bounds, Object value, List<String> violations) {
    switch (value) {
      case Optional<?> optional ->
          optional.ifPresent(present -> check(name, bounds, present, violations));
      case Collection<?> elements ->
          elements.forEach(element -> check(name, bounds, element, violations));
      case Map<?, ?> elements ->
          elements.forEach(
              (key, element) -> {
                String named = name + ".\"" + key + "\"";
                if (bounds.names().isEmpty() || key.toString().matches(bounds.names())) {
                  check(named, bounds, element, violations);
                } else {
                  violations.add(named + " must be named " + bounds.form());
                }
              });
      default -> {
        if (!holds(bounds, value)) {
          violations.add(name + " must be " + rule(bounds));
        }
      }
    }
  }

  private static boolean holds(Bounds bounds, Object value) {
    if (bounds.macKey()) {
      return MacKey.isKey(value.toString());
    }
    if (!bounds.pattern().isEmpty()) {
      return value.toString().matches(bounds.pattern());
    }
    if (value instanceof Double number && !Double.isFinite(number)) {
      return false;
    }
    BigDecimal number = number(value);
    return (bounds.atLeast().isEmpty() || number.compareTo(bound(bounds.atLeast())) >= 0)
        && (bounds.above().isEmpty() || number.compareTo(bound(bounds.above())) > 0)
        && (bounds.atMost().isEmpty() || number.compareTo(bound(bounds.atMost())) <= 0)
        && (bounds.below().isEmpty() || number.compareTo(bound(bounds.below())) < 0);
  }

  private static BigDecimal number(Object value) {
    return value instanceof Duration duration
        ? BigDecimal.valueOf(duration.getSeconds()).add(BigDecimal.valueOf(duration.getNano(), 9))
        : new BigDecimal(value.toString());
  }

  private static BigDecimal bound(String text) {
    String[] parts = text.split(" ", 2);
    BigDecimal number = new BigDecimal(parts[0]);
    return parts.length == 1 ? number : number.multiply(requireNonNull(SECONDS.get(parts[1])));
  }

  /// Returns the rule in words that continue "must be".
  public static String rule(Bounds bounds) {
    if (bounds.macKey()) {
      return "the base64 of at least " + MacKey.MIN_SIZE + " bytes";
    }
    if (!bounds.pattern().isEmpty()) {
      return bounds.form();
    }
    return Stream.of(
            words("above ", bounds.above()),
            words("at least ", bounds.atLeast()),
            words("below ", bounds.below()),
            words("at most ", bounds.atMost()))
        .filter(words -> !words.isEmpty())
        .collect(joining(" and "));
  }

  private static String words(String comparison, String bound) {
    return bound.isEmpty() ? "" : comparison + bound;
  }
}
