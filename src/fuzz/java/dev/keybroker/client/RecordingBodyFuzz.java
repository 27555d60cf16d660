package dev.keybroker.client;

import static dev.keybroker.fuzz.Property.holds;

import dev.keybroker.fuzz.Seeds;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;

/// A recording whose body was edited opens as it was made if the edits cancel out, and is a `BODY`
/// refusal otherwise, for the reader of streams and for that of positions. Recovered is exactly
/// what is in the whole segments before the first edit.
public final class RecordingBodyFuzz {
  private static final int EDIT = 5;
  private static final int SEGMENT = RecordingHeader.MIN_SEGMENT_SIZE;
  private static final byte[] PLAINTEXT = new byte[2 * SEGMENT + 1_000];
  private static final Dek DEK = Dek.adopt(new byte[32]);
  private static final RecordingHeader HEADER =
      RecordingHeader.builder("tenants/acme/keystores/calls", new byte[40]).build(DEK);
  private static final byte[] FILE = file();

  private RecordingBodyFuzz() {}

  private static byte[] file() {
    for (int i = 0; i < PLAINTEXT.length; i++) {
      PLAINTEXT[i] = (byte) (i * 31 + (i >> 8));
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (RecordingWriter writer =
        new RecordingWriter(out, HEADER, DEK, new byte[32], new byte[7])) {
      writer.write(PLAINTEXT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  public static void fuzzerInitialize() {
    Seeds.add("none", new byte[0]);
    Seeds.add("cut", new byte[] {0, 1, 0, 40, 0});
    Seeds.add("appended", new byte[] {1, 1, 0, 40, 9});
    Seeds.add("changed", new byte[] {2, 0, 1, 40, 9});
    Seeds.add("swapped", new byte[] {3, 0, 0, 0, 1});
  }

  /// Each five bytes are an edit: what, where, and a value.
  private static byte[] edited(byte[] input) {
    byte[] file = FILE.clone();
    for (int i = 0; i + EDIT <= input.length && i < 20 * EDIT; i += EDIT) {
      int body = file.length - HEADER.size();
      int where = (ByteBuffer.wrap(input, i, 4).getInt() & 0xffffff) % (body + 1) + HEADER.size();
      byte value = input[i + 4];
      switch (input[i] & 3) {
        case 0 -> file = Arrays.copyOf(file, where);
        case 1 -> {
          file = Arrays.copyOf(file, file.length + 1);
          System.arraycopy(file, where, file, where + 1, file.length - where - 1);
          file[where] = value;
        }
        case 2 -> {
          if (where < file.length) {
            file[where] ^= value;
          }
        }
        default -> {
          // A segment of the original in another's place.
          int from = HEADER.size() + (value & 1) * SEGMENT;
          int to = HEADER.size() + (value >> 1 & 1) * SEGMENT;
          if (to + SEGMENT <= file.length) {
            System.arraycopy(FILE, from, file, to, SEGMENT);
          }
        }
      }
    }
    return file;
  }

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    byte[] file = edited(input);
    boolean same = Arrays.equals(FILE, file);
    check(same, () -> streamed(file, false));
    check(same, () -> sought(file, false));
    int difference = Arrays.mismatch(FILE, file);
    int body = (difference < 0 ? FILE.length : difference) - HEADER.size();
    if (same || body < Segments.HEADER_SIZE) {
      return;
    }
    int whole = Math.max(0, body / SEGMENT * (SEGMENT - Segments.TAG_SIZE) - Segments.HEADER_SIZE);
    byte[] recovered = Arrays.copyOf(PLAINTEXT, whole);
    holds(Arrays.equals(recovered, streamed(file, true)), "a stream recovers something else");
    try {
      holds(Arrays.equals(recovered, sought(file, true)), "a reader recovers something else");
    } catch (RecordingException e) {
      // The last segment is there, so nothing is missing: only the edited segment is refused.
      holds(file.length == FILE.length, "a reader does not recover");
      holds(e.reason() == RecordingException.Reason.BODY, "refused as " + e.reason());
    }
  }

  private interface Reading {
    byte[] run() throws IOException;
  }

  private static void check(boolean opens, Reading reading) throws IOException {
    try {
      byte[] read = reading.run();
      holds(opens, "opened what was edited");
      holds(Arrays.equals(PLAINTEXT, read), "opened to something else");
    } catch (RecordingException e) {
      holds(!opens && e.reason() == RecordingException.Reason.BODY, "refused as " + e.reason());
    }
  }

  private static byte[] streamed(byte[] file, boolean recover) throws IOException {
    ByteArrayInputStream in = new ByteArrayInputStream(file);
    RecordingHeader header = RecordingHeader.read(in);
    try (RecordingStream stream =
        recover
            ? RecordingStream.recovering(in, header, DEK, null)
            : new RecordingStream(in, header, DEK, null)) {
      return stream.readAllBytes();
    }
  }

  private static byte[] sought(byte[] file, boolean recover) throws IOException {
    SeekableByteChannel channel = new Bytes(file);
    try (RecordingReader reader =
        recover
            ? RecordingReader.recover(channel, DEK, null)
            : RecordingReader.open(channel, DEK, null)) {
      return Channels.newInputStream(reader).readAllBytes();
    }
  }

  /// A file in memory.
  private static final class Bytes implements SeekableByteChannel {
    private final byte[] bytes;
    private int position;

    Bytes(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read(ByteBuffer target) {
      if (position >= bytes.length) {
        return -1;
      }
      int part = Math.min(target.remaining(), bytes.length - position);
      target.put(bytes, position, part);
      position += part;
      return part;
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
      position = (int) newPosition;
      return this;
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {
      position = bytes.length;
    }

    @Override
    public int write(ByteBuffer source) {
      throw new UnsupportedOperationException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new UnsupportedOperationException();
    }
  }
}
