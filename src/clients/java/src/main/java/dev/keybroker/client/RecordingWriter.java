package dev.keybroker.client;

import java.io.IOException;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Objects;

/**
 * Encrypts a recording as it is written. A segment is written when the next byte after it arrives,
 * and the last one when the writer is closed: until then the file is incomplete, and readers refuse
 * it. Memory is one segment. Not thread-safe.
 *
 * <p>The end of a try-with-resources statement closes the writer after a failure, too. Call {@link
 * #abandon} before, if what was written so far must not pass for the whole recording.
 *
 * <p>A DEK encrypts one recording. Do not use it for a second one.
 */
public final class RecordingWriter extends OutputStream {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final OutputStream out;
  private final Segments segments;

  /** The plaintext of a segment until it is full, and then its ciphertext. */
  private final byte[] segment;

  private long index;
  private int filled;
  private boolean failed;
  private boolean closed;

  /**
   * Writes the header. The DEK may be closed when this returns.
   *
   * @param out closed with this writer
   * @param header made for this DEK
   */
  public RecordingWriter(OutputStream out, RecordingHeader header, Dek dek) throws IOException {
    this(out, header, dek, random(Segments.SALT_SIZE), random(Segments.PREFIX_SIZE));
  }

  /** Writes with a given salt and nonce prefix: deterministic, for test vectors. */
  RecordingWriter(OutputStream out, RecordingHeader header, Dek dek, byte[] salt, byte[] prefix)
      throws IOException {
    header.checkKey(dek);
    this.out = out;
    this.segments = Segments.writing(header, dek, salt, prefix);
    this.segment = new byte[header.segmentSize()];
    out.write(header.toByteArray());
    out.write(Segments.HEADER_SIZE);
    out.write(salt);
    out.write(prefix);
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (closed) {
      throw new IOException("the recording is closed");
    }
    if (failed) {
      throw new IOException(
          "the recording cannot be continued, because it was abandoned or a write failed");
    }
    int done = 0;
    while (done < length) {
      int capacity = segments.capacity(index);
      if (filled == capacity) {
        writeSegment(false, segment, 0, capacity);
        filled = 0;
      } else if (filled == 0 && length - done > capacity) {
        // Not the last segment: no copy is needed.
        writeSegment(false, bytes, offset + done, capacity);
        done += capacity;
      } else {
        int part = Math.min(length - done, capacity - filled);
        System.arraycopy(bytes, offset + done, segment, filled, part);
        filled += part;
        done += part;
      }
    }
  }

  private void writeSegment(boolean last, byte[] from, int offset, int length) throws IOException {
    if (index >= Segments.MAX_COUNT) {
      throw new IOException("the recording has too many segments: use larger ones");
    }
    // The nonce is used up even if the write fails.
    failed = true;
    out.write(segment, 0, segments.seal(index, last, from, offset, length, segment));
    failed = false;
    index++;
  }

  /** Passes on what is encrypted. The segment that is being filled stays in memory. */
  @Override
  public void flush() throws IOException {
    out.flush();
  }

  /** Leaves the file incomplete when it is closed, so that readers refuse it. */
  public void abandon() {
    failed = true;
  }

  /**
   * Writes the last segment and so completes the recording, unless it was abandoned or a write
   * failed.
   */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (out) {
      if (!failed) {
        writeSegment(true, segment, 0, filled);
      }
    } finally {
      Arrays.fill(segment, (byte) 0);
    }
  }
}
