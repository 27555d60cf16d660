package dev.keybroker.embedded.kms;

import com.sun.net.httpserver.Headers;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/// A request as it came over the wire.
@SuppressWarnings("ArrayRecordComponent") // never compared
record HttpRequest(String method, URI uri, Headers headers, byte[] body) {

  @Nullable String header(String name) {
    return headers.getFirst(name);
  }
}
