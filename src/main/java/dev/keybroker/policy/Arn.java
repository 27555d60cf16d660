package dev.keybroker.policy;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An Amazon Resource Name, `arn:partition:service:region:account:resource`.
public record Arn(
    String partition, String service, String region, String account, String resource) {

  private static final Pattern ACCOUNT = Pattern.compile("\\d{12}");

  /// The ARN that `text` spells, or null if it is not one.
  public static @Nullable Arn parse(String text) {
    String[] parts = text.split(":", 6);
    if (parts.length != 6 || !parts[0].equals("arn") || parts[5].isEmpty()) {
      return null;
    }
    return new Arn(parts[1], parts[2], parts[3], parts[4], parts[5]);
  }

  public static boolean isAccount(String text) {
    return ACCOUNT.matcher(text).matches();
  }

  public static String root(String partition, String account) {
    return "arn:" + partition + ":iam::" + account + ":root";
  }

  /// What follows the last `/` of the resource: a key id, a user's or a role's name.
  public String name() {
    return resource.substring(resource.lastIndexOf('/') + 1);
  }

  @Override
  public String toString() {
    return String.join(":", "arn", partition, service, region, account, resource);
  }
}
