package dev.keybroker.kek;

/// The resource name of a keystore, `tenants/{tenant}/keystores/{keystore}`; both ids match
/// `[a-z0-9][a-z0-9-]{0,62}`.
public record KeystoreName(String tenant, String keystore) implements Comparable<KeystoreName> {
  /// The maximum length of an id, in characters.
  public static final int LONGEST_ID = 63;

  private static final String TENANTS = "tenants/";
  private static final String KEYSTORES = "/keystores/";

  public KeystoreName {
    if (!isId(tenant) || !isId(keystore)) {
      throw new IllegalArgumentException("not a keystore name");
    }
  }

  /// Parses a resource name; anything else is an [IllegalArgumentException] with fixed text.
  public static KeystoreName parse(String name) {
    int split = name.indexOf(KEYSTORES, TENANTS.length());
    if (!name.startsWith(TENANTS) || split < 0) {
      throw new IllegalArgumentException("not a keystore name");
    }
    return new KeystoreName(
        name.substring(TENANTS.length(), split), name.substring(split + KEYSTORES.length()));
  }

  /// Whether the text can be the id of a tenant or of a keystore.
  public static boolean isId(String text) {
    return endOfId(text, 0) == text.length();
  }

  /// Returns the index where the id that starts here ends, or -1 if there is none.
  public static int endOfId(String text, int begin) {
    int end = begin;
    while (end < text.length() && isOfId(text.charAt(end))) {
      end++;
    }
    int length = end - begin;
    return length < 1 || length > LONGEST_ID || text.charAt(begin) == '-' ? -1 : end;
  }

  private static boolean isOfId(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  }

  @Override
  public int compareTo(KeystoreName other) {
    int byTenant = tenant.compareTo(other.tenant);
    return byTenant != 0 ? byTenant : keystore.compareTo(other.keystore);
  }

  @Override
  public String toString() {
    return TENANTS + tenant + KEYSTORES + keystore;
  }
}
