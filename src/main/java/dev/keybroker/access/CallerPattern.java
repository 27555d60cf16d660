package dev.keybroker.access;

import java.util.regex.Pattern;

/// A caller pattern in the access file: exactly one caller, or all SPIFFE ids below a path.
///
/// @param subject the subject of a [Caller]; for a prefix, everything up to and including the last
///     `/`
record CallerPattern(Caller.Kind kind, String subject, boolean prefix) {
  private static final String SPIFFE = "spiffe://";
  private static final String DNS = "dns:";
  private static final String JWT = "jwt:";
  private static final int MAX_SPIFFE_LENGTH = 2_048;

  /// The SPIFFE standard's trust domain and path, with no segment `.` or `..`.
  private static final Pattern SPIFFE_ID =
      Pattern.compile("spiffe://[a-z0-9._-]{1,255}(?:/(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]++)*+");

  private static final Pattern DNS_NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
              + "(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*+");

  /// The limit of OpenID Connect. No star, because it would look like a pattern although it is not
  /// one.
  private static final Pattern JWT_SUBJECT = Pattern.compile("[!-~&&[^*]]{1,255}");

  static final String FORMS =
      "spiffe://{trust domain}/{path} (a last segment * means everything below), dns:{lower-case"
          + " name} or jwt:{sub}";

  /// @throws IllegalArgumentException with the accepted forms
  static CallerPattern parse(String text) {
    if (text.startsWith(SPIFFE) && text.length() <= MAX_SPIFFE_LENGTH) {
      boolean prefix = text.endsWith("/*");
      String id = prefix ? text.substring(0, text.length() - 2) : text;
      if (SPIFFE_ID.matcher(id).matches()) {
        return new CallerPattern(Caller.Kind.SPIFFE, prefix ? id + "/" : id, prefix);
      }
    } else if (text.startsWith(DNS)) {
      String name = text.substring(DNS.length());
      if (DNS_NAME.matcher(name).matches()) {
        return new CallerPattern(Caller.Kind.DNS, name, false);
      }
    } else if (text.startsWith(JWT)) {
      String subject = text.substring(JWT.length());
      if (JWT_SUBJECT.matcher(subject).matches()) {
        return new CallerPattern(Caller.Kind.JWT, subject, false);
      }
    }
    throw new IllegalArgumentException("must be " + FORMS);
  }
}
