package dev.keybroker.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.kek.redis.RedisConfig;
import dev.keybroker.kms.KmsQuotaConfig;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.common.utils.StringUtil;
import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every bound of every setting, and what the message of a violation says.
class BoundsCheckTest {
  private static final Path METADATA =
      Path.of(
          "src/main/resources/META-INF/native-image/dev.keybroker/settings/reachability-metadata.json");
  private static final Pattern BOUND = Pattern.compile("([0-9.]+)(?: (ms|s|min|h|day))?");
  private static final BigDecimal NANO = new BigDecimal("0.000000001");

  /// A value of a setting, and whether it is within the bounds.
  private record Value(Class<?> mapping, String property, String text, boolean isGood) {
    @Override
    public String toString() {
      return property + "=" + text + (isGood ? " is accepted" : " is refused");
    }
  }

  private static List<Class<?>> mappings() {
    return new ClassFileImporter(List.of(new ImportOption.DoNotIncludeTests()))
        .importPackages("dev.keybroker").stream()
            .filter(it -> it.isAnnotatedWith(ConfigMapping.class))
            .<Class<?>>map(JavaClass::reflect)
            .toList();
  }

  private static Stream<Method> settings() {
    return mappings().stream().flatMap(it -> Arrays.stream(it.getMethods()));
  }

  private static String property(Method setting) {
    String prefix = setting.getDeclaringClass().getAnnotation(ConfigMapping.class).prefix();
    return prefix + "." + StringUtil.skewer(setting.getName());
  }

  private static boolean isOf(Method setting, Class<?>... types) {
    String type = setting.getGenericReturnType().getTypeName();
    return Arrays.stream(types).anyMatch(it -> type.contains(it.getName()));
  }

  private static boolean isCompared(Method setting) {
    return setting.getReturnType().isPrimitive() && setting.getReturnType() != boolean.class
        || isOf(setting, Duration.class, Double.class);
  }

  /// Below, at and above each bound of each setting.
  static List<Value> boundaries() {
    List<Value> values = new ArrayList<>();
    settings().filter(BoundsCheckTest::isCompared).forEach(it -> boundaries(it, values));
    return values;
  }

  private static void boundaries(Method setting, List<Value> values) {
    Bounds bounds = setting.getAnnotation(Bounds.class);
    add(setting, bounds.atLeast(), -1, true, values);
    add(setting, bounds.above(), 1, false, values);
    add(setting, bounds.atMost(), 1, true, values);
    add(setting, bounds.below(), -1, false, values);
  }

  /// @param side where the values beside the bound are that the bound itself is compared with: the
  ///     refused ones of an inclusive bound, the accepted ones of an exclusive one
  private static void add(
      Method setting, String bound, int side, boolean inclusive, List<Value> values) {
    Matcher parts = BOUND.matcher(bound);
    if (bound.isEmpty()) {
      return;
    }
    assertTrue(parts.matches(), bound);
    boolean duration = isOf(setting, Duration.class);
    BigDecimal unit =
        switch (String.valueOf(parts.group(2))) {
          case "ms" -> new BigDecimal("0.001");
          case "min" -> new BigDecimal(60);
          case "h" -> new BigDecimal(3_600);
          case "day" -> new BigDecimal(86_400);
          default -> BigDecimal.ONE;
        };
    BigDecimal at = new BigDecimal(parts.group(1)).multiply(unit);
    BigDecimal step = duration || isOf(setting, double.class, Double.class) ? NANO : BigDecimal.ONE;
    BigDecimal beside = step.multiply(BigDecimal.valueOf(side));
    boolean map = setting.getReturnType() == Map.class;
    String property = property(setting) + (map ? ".\"own/eu-central-1/ECC\"" : "");
    Class<?> mapping = setting.getDeclaringClass();
    values.add(new Value(mapping, property, text(at, duration), inclusive));
    values.add(new Value(mapping, property, text(at.add(beside), duration), !inclusive));
    values.add(new Value(mapping, property, text(at.subtract(beside), duration), inclusive));
  }

  private static String text(BigDecimal number, boolean duration) {
    return duration ? "PT" + number.toPlainString() + "S" : number.toPlainString();
  }

  private static <T> List<String> violations(Class<T> mapping, Map<String, String> properties) {
    return BoundsCheck.violations(
        mapping,
        new SmallRyeConfigBuilder()
            .withConverter(Duration.class, 1_000, new DurationConverter())
            .withMapping(mapping)
            .withSources(new PropertiesConfigSource(properties, "test", 100))
            .build()
            .getConfigMapping(mapping));
  }

  private static void assertAccepted(Class<?> mapping, String property, String text) {
    assertEquals(List.of(), violations(mapping, Map.of(property, text)));
  }

  private static String refusal(Class<?> mapping, String property, String text) {
    List<String> violations = violations(mapping, Map.of(property, text));
    assertEquals(1, violations.size(), () -> property + "=" + text + ": " + violations);
    return violations.getFirst();
  }

  @ParameterizedTest
  @MethodSource
  void boundaries(Value value) {
    if (value.isGood) {
      assertAccepted(value.mapping, value.property, value.text);
    } else {
      String refusal = refusal(value.mapping, value.property, value.text);
      assertTrue(refusal.startsWith(value.property + " must be "), refusal);
    }
  }

  @Test
  void everyNumberAndDuration_hasALowerBound() {
    assertEquals(
        List.of(),
        settings()
            .filter(BoundsCheckTest::isCompared)
            .filter(
                it -> {
                  Bounds bounds = it.getAnnotation(Bounds.class);
                  return bounds == null || bounds.atLeast().isEmpty() && bounds.above().isEmpty();
                })
            .map(BoundsCheckTest::property)
            .toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "keybroker.audit.stream | file:/var/log/audit | socket:/var/log",
        "keybroker.audit.stream | stdout | stderr",
        "keybroker.aws.principal-arn | arn:aws:iam::111122223333:role/service/keybroker |"
            + " arn:aws:sts::111122223333:assumed-role/keybroker/pod",
        "keybroker.aws.role-session-name | a=b+c,d.e@f_g-h | x",
        "keybroker.aws.role-session-name | keybroker | key broker",
        "keybroker.jwt.algorithms | RS256,PS384,ES512,EdDSA | RS256,none",
        "keybroker.jwt.algorithms | ES256 | HS256",
        "keybroker.keystore.broker-managed-key-arn |"
            + " arn:aws:kms:eu-west-1:111122223333:alias/keybroker |"
            + " arn:aws:kms:eu-west-1:111122223333:keybroker",
        "keybroker.kms-quota.of.\"111122223333/eu-west-1/RSA_4096\" | 4 | Infinity",
        "keybroker.kms-quota.rsa3072 | 0.5 | NaN",
      })
  void text_ofAnotherForm_isRefused(String property, String good, String bad) {
    Class<?> mapping =
        settings()
            .filter(it -> property.startsWith(property(it)))
            .findFirst()
            .orElseThrow()
            .getDeclaringClass();
    assertAccepted(mapping, property, good);
    String refusal = refusal(mapping, property, bad);
    assertTrue(refusal.startsWith(property + " must be "), refusal);
    assertFalse(refusal.contains(bad), refusal);
  }

  @ParameterizedTest
  @CsvSource({"own/eu-central-1/RSA-3072", "eu-central-1/RSA_3072", "1234/eu-central-1/ECC"})
  void quota_ofAnotherName_isRefused(String name) {
    String property = "keybroker.kms-quota.of.\"" + name + "\"";
    assertEquals(
        property + " must be named account/region/kind, such as own/eu-central-1/RSA_3072",
        refusal(KmsQuotaConfig.class, property, "4"));
  }

  @Test
  void macKey_thatIsShort_isRefused_andNotRepeated() {
    String good = Base64.getEncoder().encodeToString(new byte[32]);
    String bad = "c2VjcmV0";
    Map<String, Class<?>> keys =
        Map.of(
            "keybroker.redis.mac-key", RedisConfig.class,
            "keybroker.audit.mac-key", AuditConfig.class);
    keys.forEach(
        (property, mapping) -> {
          assertAccepted(mapping, property, good);
          assertEquals(
              property + " must be the base64 of at least 32 bytes",
              refusal(mapping, property, bad));
        });
    assertAccepted(RedisConfig.class, "keybroker.redis.mac-key", good + ", " + good);
    String second = refusal(RedisConfig.class, "keybroker.redis.mac-key", good + "," + bad);
    assertFalse(second.contains(bad), second);
  }

  @Test
  void violations_areReportedTogether() {
    List<String> violations =
        violations(
            AuditConfig.class, Map.of("keybroker.audit.batch", "0", "keybroker.audit.queue", "-1"));
    assertEquals(2, violations.size(), violations::toString);
  }

  @Test
  void interfaces_areFoundByTheNativeExecutable() throws IOException {
    Set<String> registered = new TreeSet<>();
    new ObjectMapper()
        .readTree(METADATA.toFile())
        .get("reflection")
        .forEach(
            it -> {
              assertTrue(it.get("allPublicMethods").asBoolean(), it::toString);
              registered.add(it.get("type").asText());
            });
    assertEquals(
        mappings().stream().map(Class::getName).collect(Collectors.toCollection(TreeSet::new)),
        registered);
  }
}
