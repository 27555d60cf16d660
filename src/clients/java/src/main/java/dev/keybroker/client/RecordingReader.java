package dev.keybroker.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;
import java.util.Map;

/**
 * Decrypts a recording at any position. It authenticates the last segment when it opens, so that
 * the size is authentic, and after that reads only the segments that it needs. Memory is two
 * segments. Not thread-safe.
 */
public final class RecordingReader implements SeekableByteChannel {
  private final SeekableByteChannel file;
  private final RecordingHeader header;
  private final Segments segments;
  private final long bodySize;
  private final long count;
  private final boolean complete;
  private final long size;
  private final byte[] segment;
  private final byte[] plaintext;
  private long inMemory = -1;
  private int filled;
  private long position;

  /**
   * Opens a recording.
   *
   * @param file closed with this reader
   * @param context the encryption context; null if the header's own is trusted
   */
  public static RecordingReader open(SeekableByteChannel file, Dek dek, Map<String, String> context)
      throws IOException {
    return new RecordingReader(file, dek, context, false);
  }

  /**
   * Opens what there is of an incomplete recording, up to its last whole segment, by reading all of
   * it. It cannot tell a recorder that crashed from somebody who cut the file.
   */
  public static RecordingReader recover(
      SeekableByteChannel file, Dek dek, Map<String, String> context) throws IOException {
    return new RecordingReader(file, dek, context, true);
  }

  private RecordingReader(
      SeekableByteChannel file, Dek dek, Map<String, String> context, boolean recover)
      throws IOException {
    this.file = file;
    file.position(0);
    this.header = RecordingHeader.read(Channels.newInputStream(file));
    header.checkContext(context);
    header.checkKey(dek);
    this.bodySize = file.size() - header.size();
    int segmentSize = header.segmentSize();
    this.segment = new byte[segmentSize];
    this.plaintext = new byte[segmentSize];
    file.position(header.size());
    this.segments =
        Segments.reading(
            header, dek, Channels.newInputStream(file).readNBytes(Segments.HEADER_SIZE));
    long all = Math.max(1, (bodySize + segmentSize - 1) / segmentSize);
    if (load(all - 1, true)) {
      this.complete = true;
      this.count = all;
      this.size = bodySize - Segments.HEADER_SIZE - Segments.TAG_SIZE * all;
    } else if (recover) {
      this.complete = false;
      this.count = authentic(bodySize / segmentSize);
      this.size =
          count == 0 ? 0 : count * segmentSize - Segments.HEADER_SIZE - Segments.TAG_SIZE * count;
    } else {
      throw new RecordingException(RecordingException.Reason.BODY);
    }
  }

  /** How many segments from the start are authentic. */
  private long authentic(long whole) throws IOException {
    long index = 0;
    while (index < whole && load(index, false)) {
      index++;
    }
    return index;
  }

  private boolean load(long index, boolean last) throws IOException {
    if (index == inMemory) {
      return true;
    }
    long start = index * segment.length;
    ByteBuffer in = ByteBuffer.wrap(segment, 0, (int) Math.min(segment.length, bodySize - start));
    file.position(header.size() + start);
    while (in.hasRemaining()) {
      if (file.read(in) < 0) {
        throw new RecordingException(RecordingException.Reason.BODY);
      }
    }
    int opened = segments.open(index, last, segment, in.position(), plaintext);
    inMemory = opened < 0 ? -1 : index;
    filled = Math.max(opened, 0);
    return opened >= 0;
  }

  /** The header. It is authentic. */
  public RecordingHeader header() {
    return header;
  }

  /** Whether the recording is complete. Only a recovered one can be incomplete. */
  public boolean isComplete() {
    return complete;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    if (position >= size) {
      return -1;
    }
    int step = segment.length - Segments.TAG_SIZE;
    int done = 0;
    while (target.hasRemaining() && position < size) {
      long index = (position + Segments.HEADER_SIZE) / step;
      if (!load(index, complete && index == count - 1)) {
        throw new RecordingException(RecordingException.Reason.BODY);
      }
      int from = (int) (position + Segments.HEADER_SIZE - index * step) - Segments.offset(index);
      int part = Math.min(target.remaining(), filled - from);
      target.put(plaintext, from, part);
      position += part;
      done += part;
    }
    return done;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public RecordingReader position(long newPosition) {
    if (newPosition < 0) {
      throw new IllegalArgumentException("the position is negative");
    }
    this.position = newPosition;
    return this;
  }

  /** Size in bytes of the plaintext. */
  @Override
  public long size() {
    return size;
  }

  @Override
  public boolean isOpen() {
    return file.isOpen();
  }

  @Override
  public void close() throws IOException {
    Arrays.fill(plaintext, (byte) 0);
    inMemory = -1;
    file.close();
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long newSize) {
    throw new NonWritableChannelException();
  }
}
