package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import org.jspecify.annotations.Nullable;

/// A KMS key of a pipeline.
///
/// @param arn its key ARN; for an AWS managed key, the ARN of the alias `aws/…`
/// @param policy its key policy; null if it is not given
public record PipelineKey(Arn arn, @Nullable Policy policy) {
  boolean awsManaged() {
    return arn.resource().startsWith("alias/aws/");
  }
}
