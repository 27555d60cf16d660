package dev.keybroker.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Objects;

/**
 * Decrypts a recording from a stream, e.g. a pipe. The end of the stream is reached only if the
 * recording is complete; every byte before it is authentic. Memory is two segments. Not
 * thread-safe.
 */
public final class RecordingStream extends InputStream {
  private final InputStream in;
  private final Segments segments;
  private final boolean recover;
  private final byte[] segment;
  private final byte[] plaintext;
  private int carried;
  private long index;
  private int position;
  private int filled;
  private boolean ended;
  private boolean refused;
  private boolean closed;
  private boolean complete;

  /**
   * @param in after the header; closed with this stream
   * @param context the encryption context; null if the header's own is trusted
   */
  public RecordingStream(
      InputStream in, RecordingHeader header, Dek dek, Map<String, String> context)
      throws IOException {
    this(in, header, dek, context, false);
  }

  /**
   * Reads what there is of an incomplete recording, up to its last whole segment. It cannot tell a
   * recorder that crashed from somebody who cut the file.
   */
  public static RecordingStream recovering(
      InputStream in, RecordingHeader header, Dek dek, Map<String, String> context)
      throws IOException {
    return new RecordingStream(in, header, dek, context, true);
  }

  private RecordingStream(
      InputStream in, RecordingHeader header, Dek dek, Map<String, String> context, boolean recover)
      throws IOException {
    header.checkContext(context);
    header.checkKey(dek);
    this.in = in;
    this.recover = recover;
    byte[] bodyHeader = in.readNBytes(Segments.HEADER_SIZE);
    this.segments = Segments.reading(header, dek, bodyHeader);
    this.segment = new byte[header.segmentSize() + 1];
    this.plaintext = new byte[header.segmentSize()];
    System.arraycopy(bodyHeader, 0, segment, 0, bodyHeader.length);
    this.carried = bodyHeader.length;
  }

  private void next() throws IOException {
    // A caller that reads on after a failure must not see an ordinary end.
    if (refused) {
      throw new RecordingException(RecordingException.Reason.BODY);
    }
    int full = segment.length - 1;
    // One byte beyond the segment shows whether it is the last one.
    int length = carried + in.readNBytes(segment, carried, segment.length - carried);
    boolean last = length <= full;
    int opened = segments.open(index, last, segment, Math.min(length, full), plaintext);
    complete = last && opened >= 0;
    if (opened < 0 && recover && length == full) {
      opened = segments.open(index, false, segment, full, plaintext);
    }
    position = 0;
    filled = Math.max(opened, 0);
    refused = opened < 0 && !recover;
    ended = !refused && (last || opened < 0);
    if (refused) {
      throw new RecordingException(RecordingException.Reason.BODY);
    }
    segment[0] = segment[full];
    carried = 1;
    index++;
  }

  /** Whether the end of a complete recording was read. Only a recovered one can be incomplete. */
  public boolean isComplete() {
    return complete;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    requireOpen();
    if (length == 0) {
      return 0;
    }
    while (position == filled) {
      if (ended) {
        return -1;
      }
      next();
    }
    int part = Math.min(length, filled - position);
    System.arraycopy(plaintext, position, bytes, offset, part);
    position += part;
    return part;
  }

  /** Writes each segment as it is, without a copy. */
  @Override
  public long transferTo(OutputStream out) throws IOException {
    requireOpen();
    long done = 0;
    while (true) {
      out.write(plaintext, position, filled - position);
      done += filled - position;
      position = filled;
      if (ended) {
        return done;
      }
      next();
    }
  }

  private void requireOpen() throws IOException {
    if (closed) {
      throw new IOException("the recording is closed");
    }
  }

  @Override
  public int available() {
    return filled - position;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    position = filled;
    java.util.Arrays.fill(plaintext, (byte) 0);
    in.close();
  }
}
