package dev.keybroker.kek;

import java.util.UUID;
import java.util.regex.Pattern;

/// The resource name of a KEK, `tenants/{tenant}/keystores/{keystore}/keks/{uuid}`.
public record KekName(KeystoreName keystore, UUID id) {
  private static final String KEKS = "/keks/";
  private static final Pattern ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  /// Parses a resource name; anything else is an [IllegalArgumentException] with fixed text.
  public static KekName parse(String name) {
    int split = name.lastIndexOf(KEKS);
    if (split < 0) {
      throw new IllegalArgumentException("not a KEK name");
    }
    String text = name.substring(split + KEKS.length());
    if (!ID.matcher(text).matches()) {
      throw new IllegalArgumentException("not a KEK name");
    }
    return new KekName(KeystoreName.parse(name.substring(0, split)), UUID.fromString(text));
  }

  @Override
  public String toString() {
    return keystore + KEKS + id;
  }
}
