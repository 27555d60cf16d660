package dev.keybroker.kek;

import java.util.UUID;

/// The resource name of a KEK, `tenants/{tenant}/keystores/{keystore}/keks/{uuid}`.
public record KekName(KeystoreName keystore, UUID id) {
  private static final String KEKS = "/keks/";

  /// Parses a resource name; anything else is an [IllegalArgumentException] with fixed text.
  public static KekName parse(String name) {
    int split = name.lastIndexOf(KEKS);
    if (split < 0) {
      throw new IllegalArgumentException("not a KEK name");
    }
    String text = name.substring(split + KEKS.length());
    UUID id = UUID.fromString(text);
    if (!id.toString().equals(text)) {
      throw new IllegalArgumentException("not a KEK name");
    }
    return new KekName(KeystoreName.parse(name.substring(0, split)), id);
  }

  @Override
  public String toString() {
    return keystore + KEKS + id;
  }
}
