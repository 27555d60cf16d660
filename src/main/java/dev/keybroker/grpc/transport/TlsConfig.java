package dev.keybroker.grpc.transport;

import dev.keybroker.settings.Bounds;
import io.quarkus.arc.Unremovable;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// TLS of the gRPC port. The files are configured in the TLS registry of Quarkus:
/// `quarkus.tls.keybroker.key-store.pem.0.cert` and `quarkus.tls.keybroker.key-store.pem.0.key`.
/// The authorities of client certificates are those of `keybroker.mtls`.
// No bean needs it: the schedule reads the property by its name.
@Unremovable
@ConfigMapping(prefix = "keybroker.tls")
public interface TlsConfig {
  /// How often the broker reads the files again. New connections use the last valid files. Replaces
  /// `quarkus.tls.keybroker.reload-period`, which does not report broken files.
  @WithDefault("10s")
  @Bounds(above = "0")
  Duration reloadPeriod();
}
