/// Owns what carries the calls: TLS and its reload, connections with their limits, and who is at
/// the other end of one by his certificate.
///
/// May import `access` and `telemetry`; the one place outside adapters that knows Vert.x and Netty.
@NullMarked
package dev.keybroker.grpc.transport;

import org.jspecify.annotations.NullMarked;
