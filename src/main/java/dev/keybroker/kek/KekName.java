package dev.keybroker.kek;

import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The resource name of a KEK, `tenants/{tenant}/keystores/{keystore}/keks/{uuid}`.
///
/// Immutable. Keeps its text, because every response contains it.
public final class KekName {
  private static final String KEKS = "/keks/";
  private static final Pattern ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private final KeystoreName keystore;
  private final UUID id;
  private final String text;

  public KekName(KeystoreName keystore, UUID id) {
    this.keystore = keystore;
    this.id = id;
    this.text = keystore + KEKS + id;
  }

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

  public KeystoreName keystore() {
    return keystore;
  }

  public UUID id() {
    return id;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof KekName that && id.equals(that.id) && keystore.equals(that.keystore));
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
