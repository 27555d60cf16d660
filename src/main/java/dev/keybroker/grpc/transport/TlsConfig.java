package dev.keybroker.grpc.transport;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// TLS of the gRPC port. The files are configured in the TLS registry of Quarkus:
/// `quarkus.tls.keybroker.key-store.pem.0.cert` and `quarkus.tls.keybroker.key-store.pem.0.key`.
/// The authorities of client certificates are those of `keybroker.mtls`.
@ConfigMapping(prefix = "keybroker.tls")
public interface TlsConfig {
  /// How often the broker reads the files again. New connections use the last valid files. Above
  /// zero. Replaces `quarkus.tls.keybroker.reload-period`, which does not report broken files.
  @WithDefault("10s")
  Duration reloadPeriod();
}
