package dev.keybroker.grpc.transport;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// TLS of the gRPC port. Where the files are, the TLS registry of Quarkus says:
/// `quarkus.tls.keybroker.key-store.pem.0.cert` and `quarkus.tls.keybroker.key-store.pem.0.key`.
/// The authorities of client certificates are those of `keybroker.mtls`.
@ConfigMapping(prefix = "keybroker.tls")
public interface TlsConfig {
  /// How often the files are read again; new connections get what was good at the last reading.
  /// Above zero. Takes the place of `quarkus.tls.keybroker.reload-period`, which tells nobody when
  /// a file is broken.
  @WithDefault("10s")
  Duration reloadPeriod();
}
