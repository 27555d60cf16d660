package dev.keybroker.dek;

/// The result of a rewrap: the DEK under another KEK, or sealed to a recipient outside the tenant.
public sealed interface Rewrapped extends Releasable permits RewrappedResult, SealedResult {}
