package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import java.util.Optional;
import java.util.Set;

/// Callers by client certificate. They are asked for one where
/// `quarkus.tls.keybroker.trust-store.pem.certs` names the authorities to trust.
@ConfigMapping(prefix = "keybroker.mtls")
public interface MtlsConfig {
  /// The SPIFFE trust domains whose workloads may call, e.g. `example.org`. None given: those that
  /// the authorities vouch for. To be given where one bundle holds the authorities of others too.
  Optional<Set<String>> trustDomains();
}
