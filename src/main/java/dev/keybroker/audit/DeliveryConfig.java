package dev.keybroker.audit;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import java.net.URI;
import java.util.Optional;

/// Settings of the delivery of the audit trail to Kinesis Data Streams.
@ConfigMapping(prefix = "keybroker.audit.kinesis")
public interface DeliveryConfig {
  /// The form of the ARN of a data stream.
  String STREAM_ARN =
      "arn:(aws[a-z-]*):kinesis:([a-z0-9-]{1,32}):([0-9]{12}):stream/([a-zA-Z0-9_.-]{1,128})";

  /// The ARN of the data stream to which the committed records are delivered. If absent, none are
  /// delivered. All brokers of a deployment need the same value.
  @Bounds(pattern = STREAM_ARN, form = "the ARN of a data stream, `arn:aws:kinesis:…:…:stream/…`")
  Optional<String> streamArn();

  /// The role that the broker assumes to write to the stream, if it does not write in the name of
  /// its own principal. Needs `external-id`.
  @Bounds(
      pattern = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+",
      form = "the ARN of an IAM role, `arn:aws:iam::…:role/…`")
  Optional<String> roleArn();

  /// The `sts:ExternalId` with which the broker assumes the role.
  @Bounds(
      pattern = "[A-Za-z0-9+=,.@:/_-]{2,1224}",
      form = "2 to 1224 characters of `A-Z a-z 0-9 + = , . @ : / _ -`")
  Optional<String> externalId();

  /// The endpoint of Kinesis. Default: the regional endpoint of AWS for the stream's account.
  Optional<URI> endpointOverride();
}
