package dev.keybroker.dek;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.LastKnownKek;
import org.jspecify.annotations.Nullable;

/// A wrapped DEK.
///
/// @param wrappedDek the self-describing bytes, format version 1
/// @param kek the KEK used
/// @param lastKnown where that is the last known one, what is known of it; null otherwise
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record WrappedResult(byte[] wrappedDek, KekName kek, @Nullable LastKnownKek lastKnown) {}
