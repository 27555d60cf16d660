package dev.keybroker.kek;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.fuzz.Seeds;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// A resource name has one spelling: what is read prints as it was given, and it is read exactly
/// where the contract's pattern matches. A refusal does not repeat the text.
public final class ResourceNameFuzz {
  private static final String KEYSTORE =
      "tenants/[a-z0-9][a-z0-9-]{0,62}/keystores/[a-z0-9][a-z0-9-]{0,62}";
  private static final Pattern KEYSTORE_NAME = Pattern.compile(KEYSTORE);
  private static final Pattern KEK_NAME =
      Pattern.compile(KEYSTORE + "/keks/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final Set<String> REFUSALS = Set.of("not a keystore name", "not a KEK name");

  private ResourceNameFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add(
        "tenants/acme/keystores/calls",
        "tenants/" + "a".repeat(63) + "/keystores/" + "0-".repeat(31) + "9",
        "tenants/keystores/keystores/keks",
        "tenants/acme/keystores/calls/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11");
  }

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    check(text, KEYSTORE_NAME, KeystoreName::parse);
    check(text, KEK_NAME, KekName::parse);
  }

  private static void check(String text, Pattern pattern, Function<String, Object> parse) {
    boolean isName = pattern.matcher(text).matches();
    try {
      Object name = parse.apply(text);
      holds(isName, "took what the contract refuses");
      holds(name.toString().equals(text), "prints otherwise than it was given");
      holds(parse.apply(name.toString()).equals(name), "reads back otherwise");
    } catch (IllegalArgumentException e) {
      holds(!isName, "refused what the contract takes");
      holds(REFUSALS.contains(e.getMessage()), "says what it was given");
    }
  }
}
