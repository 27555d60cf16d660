package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An Amazon Connect instance.
///
/// @param arn null if it is not given
/// @param streamKeys the ARNs of the keys of those storage configurations with which Connect gets a
///     grant that covers its streams: call recordings, chat transcripts and exported reports
public record ConnectInstance(@Nullable Arn arn, List<String> streamKeys) {
  public ConnectInstance {
    streamKeys = List.copyOf(streamKeys);
  }
}
