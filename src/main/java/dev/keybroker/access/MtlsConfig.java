package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Authentication of callers by client certificate. Each kind of name has its own authorities, so
/// that an authority can vouch only for its own names. If any are set, the TLS handshake asks
/// clients for a certificate, and requires it unless `keybroker.jwt.issuer` is set.
@ConfigMapping(prefix = "keybroker.mtls")
public interface MtlsConfig {
  /// A PEM file with the authorities of the SPIFFE trust domain that is the name of the setting, in
  /// quotes: `keybroker.mtls.spiffe-bundles."example.org"=/run/spiffe/bundle.pem`. A SPIFFE id is
  /// accepted only from the authorities of its trust domain. The broker reads the file again when
  /// it changes. Set this in a configuration file or as a system property, because the name of an
  /// environment variable cannot contain the quotes.
  Map<String, Path> spiffeBundles();

  /// A PEM file with the authorities of certificates that name their caller by one DNS SAN. If
  /// absent, DNS names are not accepted. The broker reads the file again when it changes.
  Optional<Path> dnsAuthorities();

  /// Deprecated, use `spiffe-bundles` instead: the one trust domain whose authorities are in
  /// `quarkus.tls.keybroker.trust-store`.
  Optional<Set<String>> trustDomains();
}
