package dev.keybroker.grpc;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/// [ErrorTest] against the package, the jar or the native executable.
@QuarkusIntegrationTest
class ErrorIT extends ErrorTest {}
