package dev.keybroker.kms;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The ARN of a KMS key or alias: `arn:{partition}:kms:{region}:{account}:key/{id}` or
/// `…:alias/{name}`.
///
/// Source: AWS KMS developer guide, "Key identifiers (KeyId)".
public record KmsArn(String partition, String region, String account, String resource) {
  /// The form of such an ARN.
  public static final String FORM =
      "arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):"
          + "(key/[A-Za-z0-9-]{1,128}|alias/[A-Za-z0-9/_-]{1,250})";

  private static final Pattern ARN = Pattern.compile(FORM);

  /// Parses an ARN. Throws an [IllegalArgumentException] with fixed text if the text is not one.
  public static KmsArn parse(String arn) {
    Matcher matcher = ARN.matcher(arn);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not the ARN of a KMS key or alias");
    }
    return new KmsArn(matcher.group(1), matcher.group(2), matcher.group(3), matcher.group(4));
  }

  public boolean isAlias() {
    return resource.startsWith("alias/");
  }

  // Both are on the path of every wrap, and those that a record generates take a microsecond.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof KmsArn that
            && resource.equals(that.resource)
            && account.equals(that.account)
            && region.equals(that.region)
            && partition.equals(that.partition));
  }

  @Override
  public int hashCode() {
    return 31 * resource.hashCode() + account.hashCode();
  }

  @Override
  public String toString() {
    return "arn:" + partition + ":kms:" + region + ":" + account + ":" + resource;
  }
}
