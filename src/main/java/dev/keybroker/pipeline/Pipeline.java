package dev.keybroker.pipeline;

import org.jspecify.annotations.Nullable;

/// A pipeline: what writes into the stream, the stream, Firehose, and the bucket.
///
/// @param connect null if Amazon Connect does not write into the stream
/// @param producer the role of another producer; null if there is none
public record Pipeline(
    @Nullable ConnectInstance connect,
    @Nullable PipelineRole producer,
    PipelineStream stream,
    PipelineRole firehose,
    PipelineBucket bucket) {}
