package dev.keybroker.pipeline;

import java.util.List;

/// A hop that fails, or may fail.
///
/// @param what what fails, one sentence
/// @param why the reasons, and what to do if no statement helps
/// @param statements all of them together make the hop work; empty if none does
public record PipelineFinding(
    PipelineSeverity severity,
    PipelineHop hop,
    String what,
    String why,
    List<StatementToAdd> statements) {
  public PipelineFinding {
    statements = List.copyOf(statements);
  }

  static PipelineFinding error(PipelineHop hop, String what, String why) {
    return new PipelineFinding(PipelineSeverity.ERROR, hop, what, why, List.of());
  }

  /// Whether it keeps a pipeline from passing the check.
  public boolean matters() {
    return severity != PipelineSeverity.WARNING;
  }
}
