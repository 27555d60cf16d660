package dev.keybroker.pipeline;

/// A statement to add to a policy.
///
/// @param resource whose policy: the ARN of a key or of a role
/// @param statement indented JSON
public record StatementToAdd(PolicyPlace place, String resource, String statement) {}
