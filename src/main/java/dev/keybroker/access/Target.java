package dev.keybroker.access;

import org.jspecify.annotations.Nullable;

/// What a call is about: a tenant, or one keystore of it.
///
/// @param keystore null where it is the tenant itself
public record Target(String tenant, @Nullable String keystore) {}
