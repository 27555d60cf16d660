package dev.keybroker.grpc;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/// [DataPlaneTest] against the package, the jar or the native executable.
@QuarkusIntegrationTest
class DataPlaneIT extends DataPlaneTest {}
