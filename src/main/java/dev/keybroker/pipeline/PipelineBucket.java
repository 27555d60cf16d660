package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import org.jspecify.annotations.Nullable;

/// A bucket that Firehose delivers to.
///
/// @param key null if its objects are not encrypted with KMS
/// @param prefix how the names of delivered objects begin; may be empty
/// @param bucketKey whether the bucket has an S3 Bucket Key
public record PipelineBucket(
    Arn arn, @Nullable PipelineKey key, String prefix, boolean bucketKey) {}
