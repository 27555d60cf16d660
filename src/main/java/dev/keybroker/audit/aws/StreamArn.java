package dev.keybroker.audit.aws;

import dev.keybroker.audit.DeliveryConfig;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The ARN of a data stream: `arn:{partition}:kinesis:{region}:{account}:stream/{name}`.
record StreamArn(String partition, String region, String account, String name) {
  private static final Pattern ARN = Pattern.compile(DeliveryConfig.STREAM_ARN);

  /// Parses an ARN. Throws an [IllegalArgumentException] with fixed text if the text is not one.
  static StreamArn parse(String arn) {
    Matcher matcher = ARN.matcher(arn);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not the ARN of a data stream");
    }
    return new StreamArn(matcher.group(1), matcher.group(2), matcher.group(3), matcher.group(4));
  }

  @Override
  public String toString() {
    return "arn:" + partition + ":kinesis:" + region + ":" + account + ":stream/" + name;
  }
}
