package dev.keybroker.client;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/** A file in memory that counts the bytes read from it. */
final class Memory implements SeekableByteChannel {
  private final byte[] bytes;
  private int position;
  private boolean open = true;
  long read;

  Memory(byte[] bytes) {
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
    read += part;
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
    return open;
  }

  @Override
  public void close() {
    open = false;
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
