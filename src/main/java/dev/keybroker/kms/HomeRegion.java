package dev.keybroker.kms;

/// The AWS region of the broker itself.
///
/// @param id e.g. `eu-central-1`
public record HomeRegion(String id) {}
