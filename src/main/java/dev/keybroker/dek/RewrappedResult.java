package dev.keybroker.dek;

import dev.keybroker.kek.KekName;

/// A DEK moved to another KEK.
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record RewrappedResult(byte[] wrappedDek, KekName sourceKek, KekName kek) {}
