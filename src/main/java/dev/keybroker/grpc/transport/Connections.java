package dev.keybroker.grpc.transport;

import dev.keybroker.access.Authentication;
import dev.keybroker.grpc.transport.OpenConnections.OpenConnection;
import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import jakarta.inject.Singleton;

/// Describes each connection to its calls once its handshake is over.
@Singleton
class Connections extends ServerTransportFilter {
  /// The connections that [ConnectionGate] counts.
  static final Attributes.Key<OpenConnection> OPEN = Attributes.Key.create("open");

  private final Authentication authentication;

  Connections(Authentication authentication) {
    this.authentication = authentication;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    OpenConnection open = attributes.get(OPEN);
    if (open == null) {
      throw new IllegalStateException("a connection that nobody counts");
    }
    if (!authentication.isRequired()) {
      open.prove();
    }
    return Connection.describe(attributes, open);
  }
}
