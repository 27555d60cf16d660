package dev.keybroker.pipeline;

/// How bad a finding is.
public enum PipelineSeverity {
  /// The hop fails, unless a grant allows it.
  ERROR,
  /// What is known does not suffice to judge the hop.
  NOT_JUDGED,
  /// The hop works, but has another weakness.
  WARNING
}
