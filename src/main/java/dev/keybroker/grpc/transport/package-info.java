/// Owns the transport of calls: TLS and its reload, connections with their limits, and the identity
/// of a peer by its certificate.
///
/// May import `access` and `telemetry`; the only package outside adapters that knows Vert.x and
/// Netty.
@NullMarked
package dev.keybroker.grpc.transport;

import org.jspecify.annotations.NullMarked;
