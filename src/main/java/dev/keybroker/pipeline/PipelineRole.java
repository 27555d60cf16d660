package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import java.util.List;

/// A role of a pipeline.
///
/// @param policies all its identity-based policies; empty if they are not given
public record PipelineRole(Arn arn, List<Policy> policies) {
  public PipelineRole {
    policies = List.copyOf(policies);
  }
}
