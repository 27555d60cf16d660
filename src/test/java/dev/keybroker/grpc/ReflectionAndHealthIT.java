package dev.keybroker.grpc;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/// [ReflectionAndHealthTest] against the package, the jar or the native executable.
@QuarkusIntegrationTest
class ReflectionAndHealthIT extends ReflectionAndHealthTest {}
