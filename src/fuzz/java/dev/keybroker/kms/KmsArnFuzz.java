package dev.keybroker.kms;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.v1.AwsKmsKey;
import java.util.Locale;

/// An ARN is read whole or refused: it prints as it was given, and none of its parts holds a
/// character that could mean something to a host name, a policy or a shell. What the contract takes
/// is an ARN.
public final class KmsArnFuzz {
  private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";
  private static final String DIGITS = "0123456789";
  private static final String IDS = LOWER + LOWER.toUpperCase(Locale.ROOT) + DIGITS + "-";

  private static final String[] PARTITIONS = {"aws", "aws-cn", "aws-us-gov", "aws-iso", "gcp"};
  private static final String[] KEY_IDS = {
    "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab", "k-1", ""
  };
  private static final Validator VALIDATOR = ValidatorFactory.newBuilder().build();

  private KmsArnFuzz() {}

  public static void fuzzerInitialize() {
    String choice = "\1"; // The last byte chooses the text as it is.
    Seeds.add(
        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" + choice,
        "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab" + choice,
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/recordings/calls_1" + choice,
        "arn:aws-cn:kms:cn-north-1:111122223333:alias/recordings" + choice,
        "arn:aws:sts::111122223333:assumed-role/broker/session" + choice,
        "arn:aws:iam::111122223333:role/service/broker" + choice);
  }

  public static void fuzzerTestOneInput(FuzzedDataProvider data) throws ValidationException {
    check(data.consumeBoolean() ? data.consumeRemainingAsString() : around(data));
  }

  /// A text of the parts of an ARN, near its bounds.
  private static String around(FuzzedDataProvider data) {
    String resource =
        data.consumeBoolean()
            ? "key/" + data.pickValue(KEY_IDS)
            : "alias/" + "a/_".repeat(data.consumeInt(0, 84));
    return String.join(
        ":",
        "arn",
        data.pickValue(PARTITIONS),
        "kms",
        "eu" + ("-" + LOWER).repeat(data.consumeInt(0, 2)) + "-" + data.consumeAsciiString(8),
        "1".repeat(data.consumeInt(11, 13)),
        resource + data.consumeAsciiString(4));
  }

  private static void check(String text) throws ValidationException {
    boolean inContract =
        !text.isEmpty()
            && isUnicode(text)
            && VALIDATOR.validate(AwsKmsKey.newBuilder().setKeyArn(text).build()).isSuccess();
    holds(!inContract || isArn(text), "the contract takes what is no ARN");
    try {
      KmsArn arn = KmsArn.parse(text);
      holds(isArn(text), "took what is no ARN");
      holds(arn.toString().equals(text), "prints otherwise than it was given");
      holds(KmsArn.parse(arn.toString()).equals(arn), "reads back otherwise");
      holds(arn.isAlias() == text.contains(":alias/"), "takes a key for an alias");
    } catch (IllegalArgumentException e) {
      holds(!isArn(text), "refused an ARN");
      holds("not the ARN of a KMS key or alias".equals(e.getMessage()), "says what it was given");
    }
    String principal = PolicyPrincipal.of(text);
    holds(
        principal.equals(text) || principal.matches("arn:aws[a-z-]*:iam::[0-9]{12}:role/[^/]+"),
        "neither the caller nor a role");
  }

  /// The documented form, by other means than the code under test.
  private static boolean isArn(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 6) {
      return false;
    }
    String resource = parts[5];
    boolean isResource =
        resource.startsWith("key/")
            ? consistsOf(resource.substring(4), IDS, 1, 128)
            : resource.startsWith("alias/")
                && consistsOf(resource.substring(6), IDS + "/_", 1, 250);
    return parts[0].equals("arn")
        && parts[1].startsWith("aws")
        && consistsOf(parts[1].substring(3), LOWER + "-", 0, Integer.MAX_VALUE)
        && parts[2].equals("kms")
        && consistsOf(parts[3], LOWER + DIGITS + "-", 1, 32)
        && consistsOf(parts[4], DIGITS, 12, 12)
        && isResource;
  }

  /// Protobuf has no other text.
  private static boolean isUnicode(String text) {
    return UTF_8.newEncoder().canEncode(text);
  }

  private static boolean consistsOf(String text, String characters, int least, int most) {
    return text.length() >= least
        && text.length() <= most
        && text.chars().allMatch(c -> characters.indexOf(c) >= 0);
  }
}
