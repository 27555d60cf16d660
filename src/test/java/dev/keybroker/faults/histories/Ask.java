package dev.keybroker.faults.histories;

/// What a call is about.
///
/// @param keystore its name; empty where it is of several
/// @param kek its name; empty where there is none
record Ask(String rpc, String keystore, String kek, String detail, boolean withEtag) {
  static Ask of(String rpc, String keystore) {
    return new Ask(rpc, keystore, "", "", false);
  }

  Ask kek(String newKek) {
    return new Ask(rpc, keystore, newKek, detail, withEtag);
  }

  Ask detail(String newDetail) {
    return new Ask(rpc, keystore, kek, newDetail, withEtag);
  }

  Ask etag() {
    return new Ask(rpc, keystore, kek, detail, true);
  }

  /// The last part of a name, short enough to be read and long enough to be told apart.
  static String brief(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    return last.length() > 8 ? last.substring(0, 8) : last;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(rpc);
    for (String part : new String[] {brief(keystore), brief(kek), detail}) {
      if (!part.isEmpty()) {
        text.append(' ').append(part);
      }
    }
    return withEtag ? text.append(" with etag").toString() : text.toString();
  }
}
