package dev.keybroker.kms;

import org.jspecify.annotations.Nullable;

/// A KMS key and how to reach it.
///
/// @param arn its key ARN or an alias ARN
/// @param role the role to assume; null means the broker's own principal
public record KmsKey(KmsArn arn, @Nullable AssumedRole role) {}
