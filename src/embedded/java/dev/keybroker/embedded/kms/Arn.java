package dev.keybroker.embedded.kms;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An Amazon Resource Name, `arn:partition:service:region:account:resource`.
record Arn(String partition, String service, String region, String account, String resource) {

  private static final Pattern ACCOUNT = Pattern.compile("\\d{12}");

  /// The ARN that `text` spells, or null where it is none.
  static @Nullable Arn parse(String text) {
    String[] parts = text.split(":", 6);
    if (parts.length != 6 || !parts[0].equals("arn") || parts[5].isEmpty()) {
      return null;
    }
    return new Arn(parts[1], parts[2], parts[3], parts[4], parts[5]);
  }

  static boolean isAccount(String text) {
    return ACCOUNT.matcher(text).matches();
  }

  static String key(String account, String region, String keyId) {
    return "arn:aws:kms:" + region + ":" + account + ":key/" + keyId;
  }

  static String alias(String account, String region, String aliasName) {
    return "arn:aws:kms:" + region + ":" + account + ":" + aliasName;
  }

  static String root(String account) {
    return "arn:aws:iam::" + account + ":root";
  }

  /// The ARN of an IAM user or role; `kind` is `user` or `role`, `path` starts and ends with `/`.
  static String iam(String account, String kind, String path, String name) {
    return "arn:aws:iam::" + account + ":" + kind + path + name;
  }

  static String session(String account, String roleName, String sessionName) {
    return "arn:aws:sts::" + account + ":assumed-role/" + roleName + "/" + sessionName;
  }

  /// What follows the last `/` of the resource: a key id, a user's or a role's name.
  String name() {
    return resource.substring(resource.lastIndexOf('/') + 1);
  }

  @Override
  public String toString() {
    return String.join(":", "arn", partition, service, region, account, resource);
  }
}
