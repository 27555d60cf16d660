package dev.keybroker.grpc;

import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// The messages of `WrapDek` and `UnwrapDek` on the wire.
///
/// A request is read straight into a [DekRequest] if [DekRequestReader] understands it. Otherwise
/// it is protobuf's message, which the interceptors check like those of all other rpcs, and which
/// [#wrap(Object)] and [#unwrap(Object)] convert after that.
final class DekMessages {
  private final KeystoreNames names;

  /// @param keystores about how many are in use at the same time
  DekMessages(long keystores) {
    this.names = new KeystoreNames(keystores);
  }

  MethodDescriptor<Object, EncodedResponse> wrapDek() {
    return method(KeyBrokerGrpc.getWrapDekMethod(), DekRequestReader::wrap);
  }

  MethodDescriptor<Object, EncodedResponse> unwrapDek() {
    return method(KeyBrokerGrpc.getUnwrapDekMethod(), DekRequestReader::unwrap);
  }

  private MethodDescriptor<Object, EncodedResponse> method(
      MethodDescriptor<?, ?> method,
      BiFunction<KeystoreNames, byte[], @Nullable DekRequest> reader) {
    return method.toBuilder(
            new Requests(names, reader, method.getRequestMarshaller()), new Responses())
        .build();
  }

  static DekRequest wrap(Object request) {
    return request instanceof DekRequest read ? read : DekRequest.of((WrapDekRequest) request);
  }

  static DekRequest unwrap(Object request) {
    return request instanceof DekRequest read ? read : DekRequest.of((UnwrapDekRequest) request);
  }

  /// @param protobuf reads what the reader does not understand
  private record Requests(
      KeystoreNames names,
      BiFunction<KeystoreNames, byte[], @Nullable DekRequest> reader,
      Marshaller<?> protobuf)
      implements Marshaller<Object> {
    @Override
    public Object parse(InputStream stream) {
      byte[] bytes = bytes(stream);
      if (bytes == null) {
        return protobuf.parse(stream);
      }
      DekRequest request = reader.apply(names, bytes);
      return request == null ? protobuf.parse(new ByteArrayInputStream(bytes)) : request;
    }

    /// Returns the bytes of a message that the reader may understand; null for any other message,
    /// such as a compressed one, whose length is not known yet.
    private static byte @Nullable [] bytes(InputStream stream) {
      try {
        if (!(stream instanceof KnownLength) || stream.available() > DekRequestReader.LONGEST) {
          return null;
        }
        byte[] bytes = new byte[stream.available()];
        int read = stream.readNBytes(bytes, 0, bytes.length);
        if (read != bytes.length) {
          throw new IOException("a message is shorter than its length");
        }
        return bytes;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public InputStream stream(Object request) {
      throw new UnsupportedOperationException("the server reads requests");
    }
  }

  private static final class Responses implements Marshaller<EncodedResponse> {
    @Override
    public InputStream stream(EncodedResponse response) {
      return response;
    }

    @Override
    public EncodedResponse parse(InputStream stream) {
      throw new UnsupportedOperationException("the server writes responses");
    }
  }
}
