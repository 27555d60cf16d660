package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// What the templates show can be read in a native executable.
class ScreensTest {
  private final Set<Class<?>> shown = new HashSet<>();

  @Test
  void typesOfTheTemplates_areRegisteredForReflection() {
    for (Method screen : Screens.class.getDeclaredMethods()) {
      Arrays.stream(screen.getGenericParameterTypes()).forEach(this::show);
    }
    Set<Class<?>> registered =
        Set.of(Screens.class.getAnnotation(RegisterForReflection.class).targets());
    assertEquals(names(shown), names(registered));
  }

  /// Finds the console's types that a type leads to.
  private void show(Type type) {
    if (type instanceof ParameterizedType parameterized) {
      Arrays.stream(parameterized.getActualTypeArguments()).forEach(this::show);
    } else if (type instanceof Class<?> found
        && found.getPackageName().equals(Screens.class.getPackageName())
        && shown.add(found)) {
      for (Field field : found.getDeclaredFields()) {
        show(field.getGenericType());
      }
    }
  }

  private static Set<String> names(Set<Class<?>> types) {
    Set<String> names = new TreeSet<>();
    types.forEach(type -> names.add(type.getName()));
    return names;
  }
}
