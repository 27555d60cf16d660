package dev.keybroker.kms;

/// What the administrator of a key has to change so that a KMS call succeeds.
///
/// @param topic its section of `src/docs/kms-errors.md`
/// @param text one or more sentences, with this key's ARNs filled in
public record Hint(HintTopic topic, String text) {}
