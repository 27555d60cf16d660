package dev.keybroker.boot;

import static java.util.stream.Collectors.joining;

import dev.keybroker.settings.Bounds;
import dev.keybroker.settings.BoundsCheck;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import io.smallrye.config.common.utils.StringUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The reference of the broker's settings in Markdown: names, types and defaults from the
/// `@ConfigMapping` interfaces themselves, meanings from their documentation in the source.
final class ConfigurationTable {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern LINK = Pattern.compile("\\[#?([\\w.()#]+)](?!\\()");

  private ConfigurationTable() {}

  /// One section for each interface, in the order of their prefixes.
  static String render() throws IOException {
    Map<String, String> sections = new TreeMap<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .forEach(file -> section(file).ifPresent(it -> sections.put(it.prefix, it.text)));
    }
    return String.join("\n", sections.values());
  }

  private record Section(String prefix, String text) {}

  private static Optional<Section> section(Path file) {
    try {
      String source = Files.readString(file);
      if (!source.contains("@ConfigMapping(")) {
        return Optional.empty();
      }
      String name = SOURCES.relativize(file).toString().replace(".java", "").replace('/', '.');
      Class<?> type = Class.forName(name);
      ConfigMapping mapping = Objects.requireNonNull(type.getAnnotation(ConfigMapping.class));
      StringBuilder text = new StringBuilder();
      text.append("## `").append(mapping.prefix()).append("`\n\n");
      text.append(documentation(source, "public interface " + type.getSimpleName()));
      text.append("\n\n| setting | type | default | meaning |\n| --- | --- | --- | --- |\n");
      inSourceOrder(type, source).forEach(it -> text.append(row(mapping.prefix(), it, source)));
      return Optional.of(new Section(mapping.prefix(), text.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Reflection gives methods in no particular order.
  private static List<Method> inSourceOrder(Class<?> type, String source) {
    Map<Integer, Method> methods = new TreeMap<>();
    for (Method method : type.getDeclaredMethods()) {
      methods.put(source.indexOf(" " + method.getName() + "();"), method);
    }
    return List.copyOf(methods.values());
  }

  private static String row(String prefix, Method method, String source) {
    WithName named = method.getAnnotation(WithName.class);
    String name = named != null ? named.value() : StringUtil.skewer(method.getName());
    String key = method.getReturnType() == Map.class ? ".\"{name}\"" : "";
    WithDefault given = method.getAnnotation(WithDefault.class);
    return "| `%s.%s%s` | %s | %s | %s |\n"
        .formatted(
            prefix,
            name,
            key,
            type(method.getGenericReturnType()) + bounds(method),
            given == null ? "none" : "`" + given.value() + "`",
            documentation(source, method.getName() + "();").replace("|", "\\|"));
  }

  private static String bounds(Method method) {
    Bounds bounds = method.getAnnotation(Bounds.class);
    return bounds == null ? "" : ", " + BoundsCheck.rule(bounds);
  }

  private static String type(Type type) {
    if (type instanceof ParameterizedType of) {
      Type[] arguments = of.getActualTypeArguments();
      String last = type(arguments[arguments.length - 1]);
      return of.getRawType() == List.class || of.getRawType() == Set.class
          ? "list of " + last
          : last;
    }
    return switch (type) {
      case Class<?> it when it == Duration.class -> "duration";
      case Class<?> it when it == String.class -> "text";
      case Class<?> it when it == Path.class -> "path";
      case Class<?> it when it == URI.class -> "URI";
      case Class<?> it when it == Path.class -> "file";
      case Class<?> it when it == int.class || it == long.class -> "integer";
      case Class<?> it when it == double.class || it == Double.class -> "number";
      case Class<?> it when it == boolean.class -> "boolean";
      case Class<?> it when it.isEnum() ->
          Arrays.stream(it.getEnumConstants())
              .map(value -> StringUtil.skewer(value.toString()).toLowerCase(Locale.ROOT))
              .collect(joining(", "));
      default -> throw new IllegalArgumentException("say how to name the type " + type);
    };
  }

  /// The `///` lines before the declaration, as one paragraph each.
  private static String documentation(String source, String declaration) {
    Matcher matcher =
        Pattern.compile("((?: *///.*\n)+)(?:(?!///)[^;])*?(?<!\\w)" + Pattern.quote(declaration))
            .matcher(source);
    if (!matcher.find()) {
      throw new IllegalArgumentException("undocumented: " + declaration);
    }
    String text = matcher.group(1).replaceAll("(?m)^ *///", "").replaceAll("\\s+", " ").strip();
    return LINK.matcher(text).replaceAll("`$1`");
  }
}
