package dev.keybroker.pipeline;

/// A hop of a pipeline, in the order of the data.
public enum PipelineHop {
  CONNECT_TO_STREAM,
  PRODUCER_TO_STREAM,
  STREAM_TO_FIREHOSE,
  FIREHOSE_TO_BUCKET
}
