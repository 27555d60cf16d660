/// Owns the gRPC interface: services, the mapping of messages, validation and the status of every
/// failure.
///
/// May use the features; proto types live here and nowhere else.
@NullMarked
package dev.keybroker.grpc;

import org.jspecify.annotations.NullMarked;
