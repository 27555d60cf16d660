package dev.keybroker.audit;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// The last record of a chain.
///
/// @param sequence 0 if there is none yet
/// @param hash its hash; 32 zero bytes if there is none yet
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record ChainHead(long sequence, byte[] hash) {
  /// The head before the first record.
  public static final ChainHead START = new ChainHead(0, new byte[RecordHash.SIZE]);

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ChainHead that
        && sequence == that.sequence
        && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  @Override
  public String toString() {
    return "seq=" + sequence + " hash=" + HexFormat.of().formatHex(hash);
  }
}
