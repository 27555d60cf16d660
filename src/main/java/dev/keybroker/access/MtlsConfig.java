package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Callers by client certificate. Each kind of name has its own authorities, so that an authority
/// can vouch for its own names only. If any are set, the TLS handshake asks clients for a
/// certificate, and requires it unless `keybroker.jwt.issuer` is set.
@ConfigMapping(prefix = "keybroker.mtls")
public interface MtlsConfig {
  /// A PEM file with the authorities of the SPIFFE trust domain that is the name of the setting,
  /// in quotes: `keybroker.mtls.spiffe-bundles."example.org"=/run/spiffe/bundle.pem`. A SPIFFE id
  /// is accepted only from the authorities of its trust domain. Read again when it changes. To be
  /// set in a file or as a system property; the name of an environment variable cannot hold the
  /// quotes.
  Map<String, Path> spiffeBundles();

  /// A PEM file with the authorities of certificates that name their caller by one DNS SAN. Absent:
  /// DNS names are not accepted. Read again when it changes.
  Optional<Path> dnsAuthorities();

  /// Old form, to be replaced by `spiffe-bundles`: the one trust domain whose authorities are in
  /// `quarkus.tls.keybroker.trust-store`.
  Optional<Set<String>> trustDomains();
}
