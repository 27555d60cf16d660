package dev.keybroker.keystore;

/// A customer organisation, known from the first time that its keystores are spoken of.
///
/// @param externalId `sts:ExternalId` of every role of the tenant: made by the broker from 128
///     random bits, one per tenant, never reused
public record Tenant(String id, String externalId) {}
