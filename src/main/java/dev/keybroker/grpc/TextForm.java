package dev.keybroker.grpc;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Describes the text formats of the contract, and what is wrong with a given text. A description
/// never contains the text itself.
enum TextForm {
  UUID("{8}-", "must be a UUID: 8-4-4-4-12 hexadecimal digits"),
  KEK_NAME(
      "/keks/",
      "must be `tenants/{tenant}/keystores/{keystore}/keks/{kek}`, the last a lower-case UUID"),
  KEYSTORE_NAME("/keystores/", "must be `tenants/{tenant}/keystores/{keystore}`, " + Words.IDS),
  TENANT_NAME("tenants/", "must be `tenants/{tenant}`, " + Words.IDS),
  KEY_ARN(
      ":kms:",
      "must be a key ARN or alias ARN, `arn:aws:kms:{region}:{account}:key/{id}` or"
          + " `arn:aws:kms:{region}:{account}:alias/{name}`"),
  ROLE_ARN(":iam:", "must be the ARN of a role, `arn:aws:iam::{account}:role/{name}`"),
  STREAM_ARN(
      ":kinesis:",
      "must be the ARN of a stream, `arn:aws:kinesis:{region}:{account}:stream/{name}`"),
  BUCKET_ARN(":s3:::", "must be the ARN of a bucket, `arn:aws:s3:::{bucket}`"),
  CONNECT_ARN(
      ":connect:",
      "must be the ARN of an instance, `arn:aws:connect:{region}:{account}:instance/{id}`"),
  OBJECT_PREFIX(
      "{0,256}", "must be at most 256 printable ASCII characters without spaces, `*`, `?` and `$`"),
  GRANT_ID("{1,128}", "must be the id of a grant, 1 to 128 of `A-Z`, `a-z`, `0-9`, `_` and `-`"),
  GRANT_TOKEN("[!-~]", "must be printable ASCII characters without spaces"),
  NO_NUL("\\x00", "must not contain U+0000"),
  ID("[a-z0-9-]", "must be " + Words.ID);

  private static final int LONGEST_ID = 63;
  private static final int NAMED_PARTS = 4;
  private static final int ARN_PARTS = 6;
  private static final Pattern KEY_ID =
      Pattern.compile("(?i)(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})");
  private static final Pattern ACCOUNT = Pattern.compile("[0-9]{12}");
  private static final Set<String> PARTITIONS =
      Set.of(
          "aws",
          "aws-cn",
          "aws-us-gov",
          "aws-eusc",
          "aws-iso",
          "aws-iso-b",
          "aws-iso-e",
          "aws-iso-f");
  private static final String QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb";

  private final String mark;
  private final String must;

  private static final class Words {
    static final String ID = "1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`";
    static final String IDS = "each id " + ID;
  }

  /// @param mark a part that the contract's patterns of this form contain, and those of later forms
  ///     do not
  TextForm(String mark, String must) {
    this.mark = mark;
    this.must = must;
  }

  /// Returns the form that a pattern of the contract requires.
  static TextForm of(String pattern) {
    for (TextForm form : values()) {
      if (form != UUID && pattern.contains(form.mark)) {
        return form;
      }
    }
    throw new IllegalArgumentException("a pattern without words: " + pattern);
  }

  /// Describes what is wrong with a text that does not have this form, and what it must be.
  String describe(String given) {
    return kind(given) + "; " + must;
  }

  private String kind(String given) {
    if (given.isEmpty()) {
      return "is empty";
    }
    int first = given.codePointAt(0);
    int last = given.codePointBefore(given.length());
    if (isSpace(first)) {
      return first == '\n' || first == '\r' ? "begins with a line break" : "has a leading space";
    }
    if (isSpace(last)) {
      return last == '\n' || last == '\r' ? "ends with a line break" : "has a trailing space";
    }
    if (given.indexOf('\0') >= 0) {
      return "contains U+0000";
    }
    if (given.codePoints().anyMatch(Character::isISOControl)) {
      return "contains a control character";
    }
    if (given.codePoints().anyMatch(TextForm::isSpace)) {
      return "contains a space";
    }
    if (QUOTES.indexOf(first) >= 0) {
      return "begins with a quotation mark";
    }
    if (QUOTES.indexOf(last) >= 0) {
      return "ends with a quotation mark";
    }
    if (last == ',') {
      return "ends with a comma";
    }
    if (given.codePoints().anyMatch(point -> Character.getType(point) == Character.FORMAT)) {
      return "contains an invisible character";
    }
    if (given.codePoints().anyMatch(point -> point > 0x7F)) {
      return "contains a character that is not ASCII";
    }
    return switch (this) {
      case UUID -> "is not a UUID";
      case TENANT_NAME, KEYSTORE_NAME, KEK_NAME -> name(given);
      case KEY_ARN -> keyArn(given);
      case ROLE_ARN -> roleArn(given);
      case ID -> id(given);
      case STREAM_ARN, BUCKET_ARN, CONNECT_ARN ->
          given.startsWith("arn:") ? "has another form" : "is no ARN";
      case OBJECT_PREFIX, GRANT_ID, GRANT_TOKEN, NO_NUL -> "has another form";
    };
  }

  /// Includes no-break spaces, which come from text copied from web pages.
  private static boolean isSpace(int point) {
    return Character.isWhitespace(point) || Character.isSpaceChar(point);
  }

  private String name(String given) {
    if (!given.startsWith("tenants/")) {
      return "does not begin with `tenants/`";
    }
    if (given.endsWith("/")) {
      return "ends with `/`";
    }
    String[] parts = given.split("/", -1);
    if (parts.length != parts()) {
      return switch (parts.length) {
        case 2 -> "is the name of a tenant";
        case 4 -> "is the name of a keystore";
        case 6 -> "is the name of a KEK";
        default -> "has " + parts.length + " parts between its slashes";
      };
    }
    boolean isLong = false;
    for (int i = 1; i < Math.min(parts.length, NAMED_PARTS); i += 2) {
      isLong |= parts[i].length() > LONGEST_ID;
    }
    if (isLong) {
      return "has an id of more than 63 characters";
    }
    return given.equals(given.toLowerCase(Locale.ROOT))
        ? "has another form"
        : "has an upper-case letter";
  }

  private int parts() {
    return switch (this) {
      case TENANT_NAME -> 2;
      case KEYSTORE_NAME -> 4;
      default -> 6;
    };
  }

  private static String id(String given) {
    if (given.length() > LONGEST_ID) {
      return "is " + given.length() + " characters";
    }
    return given.equals(given.toLowerCase(Locale.ROOT))
        ? "has another form"
        : "has an upper-case letter";
  }

  private static String keyArn(String given) {
    if (KEY_ID.matcher(given).matches()) {
      return "is a key id and no ARN";
    }
    if (given.startsWith("alias/")) {
      return "is an alias name and no ARN";
    }
    String[] parts = given.split(":", ARN_PARTS);
    if (!parts[0].equals("arn")) {
      return "is no ARN";
    }
    if (parts.length < ARN_PARTS) {
      return "is an incomplete ARN";
    }
    if (!parts[2].equals("kms")) {
      return "is the ARN of another service than KMS";
    }
    if (!PARTITIONS.contains(parts[1])) {
      return "is of a partition that AWS does not have";
    }
    if (!ACCOUNT.matcher(parts[4]).matches()) {
      return "has an account id that is not 12 digits";
    }
    if (parts[5].startsWith("key/")) {
      return KEY_ID.matcher(parts[5].substring("key/".length())).matches()
          ? "has another form"
          : "has a key id that is no UUID";
    }
    return parts[5].startsWith("alias/") ? "has another form" : "names neither a key nor an alias";
  }

  private static String roleArn(String given) {
    String[] parts = given.split(":", ARN_PARTS);
    if (!parts[0].equals("arn")) {
      return "is no ARN";
    }
    if (parts.length < ARN_PARTS) {
      return "is an incomplete ARN";
    }
    if (parts[2].equals("sts")) {
      return "is the ARN of a session and not of its role";
    }
    if (!parts[2].equals("iam")) {
      return "is the ARN of another service than IAM";
    }
    if (!ACCOUNT.matcher(parts[4]).matches()) {
      return "has an account id that is not 12 digits";
    }
    return parts[5].startsWith("role/") ? "has another form" : "does not name a role";
  }
}
