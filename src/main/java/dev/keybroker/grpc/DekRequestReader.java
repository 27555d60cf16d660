package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.WrappedDek;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads a `WrapDekRequest` or an `UnwrapDekRequest` from its bytes in one pass, and checks the
/// constraints of the contract on the way. Not thread-safe.
///
/// It understands what clients send nearly always: fields at most once, in any order, with text in
/// ASCII. Whatever else the bytes contain, it returns null, and protobuf and protovalidate take
/// over. If it returns a request, these two read the same one and find no violation.
final class DekRequestReader {
  /// No request that satisfies the constraints is longer.
  static final int LONGEST = 12 * 1024;

  private static final int KEYSTORE = 1 << 3 | 2;
  private static final int BYTES = 2 << 3 | 2;
  private static final int DEK_SIZE = 3 << 3;
  private static final int WITHOUT_PLAINTEXT = 5 << 3;
  private static final int PAIR_OF_WRAP = 4 << 3 | 2;
  private static final int PAIR_OF_UNWRAP = 3 << 3 | 2;
  private static final int KEY = 1 << 3 | 2;
  private static final int VALUE = 2 << 3 | 2;
  private static final int MAX_WRAPPED_DEK = 1_024;

  private final KeystoreNames names;
  private final byte[] message;
  private final int pairTag;
  private int at;
  private int seen;
  private KeystoreNames.@Nullable Named keystore;
  private int begin;
  private int end;
  private int size;
  private boolean withoutPlaintext;
  private final int[] pairs = new int[EncryptionContext.MAX_PAIRS * EncryptionContext.PLACES];
  private int pairCount;

  private DekRequestReader(KeystoreNames names, byte[] message, int pairTag) {
    this.names = names;
    this.message = message;
    this.pairTag = pairTag;
  }

  /// Returns the `WrapDekRequest` of these bytes, and wipes the DEK in them. Null if it is one for
  /// protobuf.
  static @Nullable DekRequest wrap(KeystoreNames names, byte[] message) {
    DekRequestReader reader = new DekRequestReader(names, message, PAIR_OF_WRAP);
    if (!reader.read() || !reader.isDek()) {
      return null;
    }
    DekRequest request = reader.request();
    if (request != null) {
      Arrays.fill(message, reader.begin, reader.end, (byte) 0);
    }
    return request;
  }

  /// Returns the `UnwrapDekRequest` of these bytes; null if it is one for protobuf.
  static @Nullable DekRequest unwrap(KeystoreNames names, byte[] message) {
    DekRequestReader reader = new DekRequestReader(names, message, PAIR_OF_UNWRAP);
    boolean isValid =
        reader.read() && reader.begin < reader.end && reader.end - reader.begin <= MAX_WRAPPED_DEK;
    return isValid ? reader.request() : null;
  }

  private boolean isDek() {
    int given = end - begin;
    if (given > 0) {
      return size == 0 && given >= WrappedDek.MIN_DEK_SIZE && given <= WrappedDek.MAX_DEK_SIZE;
    }
    return switch (size) {
      case 0, 16, 24, 32, 48, 64 -> true;
      default -> false;
    };
  }

  private @Nullable DekRequest request() {
    EncryptionContext context = EncryptionContext.ofUtf8(message, pairs, pairCount);
    return keystore == null
            || context == null
            || context.totalBytes() > EncryptionContext.MAX_TOTAL_BYTES
        ? null
        : new DekRequest(
            keystore,
            Arrays.copyOfRange(message, begin, end),
            size,
            !withoutPlaintext && pairTag == PAIR_OF_WRAP,
            context,
            ByteString.EMPTY);
  }

  private boolean read() {
    while (at < message.length) {
      int tag = message[at++];
      if (tag == pairTag) {
        if (!readPair()) {
          return false;
        }
      } else if (!isFirst(tag) || !readField(tag)) {
        return false;
      }
    }
    return true;
  }

  private boolean isFirst(int tag) {
    boolean first = (seen & 1 << tag) == 0;
    seen |= 1 << tag;
    return first;
  }

  private boolean readField(int tag) {
    switch (tag) {
      case KEYSTORE -> {
        int length = length();
        if (length < 0) {
          return false;
        }
        keystore = names.find(message, at, at + length);
        at += length;
        return keystore != null;
      }
      case BYTES -> {
        int length = length();
        if (length < 0) {
          return false;
        }
        begin = at;
        at += length;
        end = at;
        return true;
      }
      default -> {
        return pairTag == PAIR_OF_WRAP && readNumber(tag);
      }
    }
  }

  /// Reads a number of one byte, which is enough for all numbers that the contract allows.
  private boolean readNumber(int tag) {
    if (at == message.length || message[at] < 0) {
      return false;
    }
    int number = message[at++];
    switch (tag) {
      case DEK_SIZE -> size = number;
      case WITHOUT_PLAINTEXT -> withoutPlaintext = number != 0;
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean readPair() {
    int length = length();
    if (length < 0 || pairCount == EncryptionContext.MAX_PAIRS) {
      return false;
    }
    int endOfPair = at + length;
    int place = EncryptionContext.PLACES * pairCount++;
    return readText(KEY, endOfPair, place)
        && pairs[place + 1] >= 1
        && pairs[place + 1] <= EncryptionContext.MAX_KEY_BYTES
        && readText(VALUE, endOfPair, place + 2)
        && pairs[place + 3] <= EncryptionContext.MAX_VALUE_BYTES
        && at == endOfPair;
  }

  /// Reads a text in ASCII, and keeps its place: its offset and its length.
  private boolean readText(int tag, int limit, int place) {
    if (at >= limit || message[at++] != tag) {
      return false;
    }
    int length = length();
    if (length < 0 || at + length > limit) {
      return false;
    }
    pairs[place] = at;
    pairs[place + 1] = length;
    int signs = 0;
    for (int end = at + length; at < end; at++) {
      signs |= message[at];
    }
    return signs >= 0;
  }

  /// Reads a length of at most two bytes; -1 if it is longer, or more than the rest of the message.
  private int length() {
    if (at == message.length) {
      return -1;
    }
    int length = message[at++];
    if (length < 0) {
      if (at == message.length || message[at] < 0) {
        return -1;
      }
      length = (length & 0x7F) | message[at++] << 7;
    }
    return length <= message.length - at ? length : -1;
  }
}
