package dev.keybroker.console;

import dev.keybroker.v1.PipelineFinding;
import dev.keybroker.v1.StatementToAdd;
import java.util.List;

/// What the check of a pipeline found.
///
/// @param severity `ERROR`, `NOT_JUDGED` or `WARNING`
/// @param hop e.g. `STREAM_TO_FIREHOSE`
record FindingView(
    String severity, String hop, String what, String why, List<Statement> statements) {
  static FindingView of(PipelineFinding finding) {
    return new FindingView(
        finding.getSeverity().name().replace("PIPELINE_SEVERITY_", ""),
        finding.getHop().name().replace("PIPELINE_HOP_", ""),
        finding.getWhat(),
        finding.getWhy(),
        finding.getStatementsList().stream().map(Statement::of).toList());
  }

  /// A statement to add.
  ///
  /// @param place which kind of policy it belongs into
  /// @param resource whose policy that is
  record Statement(String place, String resource, String json) {
    static Statement of(StatementToAdd statement) {
      return new Statement(
          statement.getPlace().name().replace("POLICY_PLACE_", ""),
          statement.getResource(),
          statement.getStatement());
    }
  }
}
