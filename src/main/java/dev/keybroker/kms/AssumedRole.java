package dev.keybroker.kms;

/// The tenant's role that the broker assumes to reach the tenant's key.
///
/// @param externalId the `sts:ExternalId` that the role's trust policy requires (against the
///     confused deputy)
public record AssumedRole(String roleArn, String externalId) {}
