package dev.keybroker.grpc;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/// [RoundTripTest] against the package, the jar or the native executable.
@QuarkusIntegrationTest
class RoundTripIT extends RoundTripTest {}
