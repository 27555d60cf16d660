package dev.keybroker.grpc.transport;

import io.grpc.ServerInterceptor;

/// What every call of every service goes through first, before anything else of the broker or of
/// Quarkus sees it.
public interface CallEntry extends ServerInterceptor {}
