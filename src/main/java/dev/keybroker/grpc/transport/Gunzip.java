package dev.keybroker.grpc.transport;

import io.grpc.Decompressor;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/// Decompresses requests lazily, when their bytes are read. Bytes that are not gzip then fail as an
/// unreadable request. grpc-java's own decompressor fails in the transport, which cannot report a
/// reason.
final class Gunzip implements Decompressor {
  @Override
  public String getMessageEncoding() {
    return "gzip";
  }

  @Override
  public InputStream decompress(InputStream compressed) {
    return new Decompressed(compressed);
  }

  private static final class Decompressed extends InputStream {
    private final InputStream compressed;
    private @Nullable InputStream plain;

    Decompressed(InputStream compressed) {
      this.compressed = compressed;
    }

    private InputStream plain() throws IOException {
      if (plain == null) {
        plain = new GZIPInputStream(compressed);
      }
      return plain;
    }

    @Override
    public int read() throws IOException {
      return plain().read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return plain().read(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      compressed.close();
      if (plain != null) {
        plain.close();
      }
    }
  }
}
