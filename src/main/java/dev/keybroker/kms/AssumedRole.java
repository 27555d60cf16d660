package dev.keybroker.kms;

/// The tenant's role that the broker assumes to reach the tenant's key.
///
/// @param externalId what the role's trust policy asks for as `sts:ExternalId` (against the
///     confused deputy)
public record AssumedRole(String roleArn, String externalId) {}
