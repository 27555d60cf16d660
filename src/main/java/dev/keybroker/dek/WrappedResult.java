package dev.keybroker.dek;

import dev.keybroker.kek.KekName;

/// A wrapped DEK.
///
/// @param wrappedDek the self-describing bytes, format version 1
/// @param kek the KEK used
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record WrappedResult(byte[] wrappedDek, KekName kek) {}
