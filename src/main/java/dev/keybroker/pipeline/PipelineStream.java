package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import org.jspecify.annotations.Nullable;

/// A stream of Kinesis Data Streams.
///
/// @param key null if the stream is not encrypted
public record PipelineStream(Arn arn, @Nullable PipelineKey key) {}
