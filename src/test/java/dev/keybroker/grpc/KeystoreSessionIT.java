package dev.keybroker.grpc;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/// [KeystoreSessionTest] against the package, the jar or the native executable.
@QuarkusIntegrationTest
class KeystoreSessionIT extends KeystoreSessionTest {}
