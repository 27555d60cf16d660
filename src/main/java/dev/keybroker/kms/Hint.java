package dev.keybroker.kms;

/// What to change so that a call of KMS works, for those who administer the key.
///
/// @param topic its section of `src/docs/kms-errors.md`
/// @param text one or more sentences, with this key's ARNs filled in
public record Hint(HintTopic topic, String text) {}
