package dev.keybroker.grpc.transport;

import dev.keybroker.access.MtlsConfig;
import io.quarkus.tls.TlsConfiguration;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the authorities of client certificates from the configured files. The files are
/// independent: if one cannot be used, its own authorities stay as they were, and all others are
/// updated.
final class ClientTrustFiles {
  private final Map<String, Path> spiffe;
  private final @Nullable Path dns;
  private final @Nullable TlsConfiguration registered;
  private final @Nullable String registeredDomain;

  /// A file that cannot be used.
  interface Failure {
    void failed(String reason, Exception cause);
  }

  ClientTrustFiles(MtlsConfig config, TlsConfiguration registered) {
    this.spiffe = config.spiffeBundles();
    this.dns = config.dnsAuthorities().orElse(null);
    Set<String> trustDomains = config.trustDomains().orElse(Set.of());
    boolean oldForm = registered.getTrustStore() != null && trustDomains.size() == 1;
    this.registered = oldForm ? registered : null;
    this.registeredDomain = oldForm ? trustDomains.iterator().next() : null;
  }

  /// The trust domain whose authorities are in the TLS registry (the deprecated form of the
  /// settings); null if none.
  @Nullable String registeredDomain() {
    return registeredDomain;
  }

  /// Reads all files.
  ///
  /// @param before replaces what cannot be used; null at startup
  /// @return null if no authorities are configured
  /// @throws IllegalStateException if a file cannot be used and there is no replacement
  @Nullable ClientTrust read(@Nullable ClientTrust before, Failure failure) {
    Map<String, Authorities> bundles = new HashMap<>();
    spiffe.forEach(
        (domain, file) ->
            bundles.put(
                domain,
                read(
                    () -> Authorities.read(file, domain),
                    "keybroker.mtls.spiffe-bundles.\"" + domain + "\" (" + file + ")",
                    before == null ? null : before.spiffe().get(domain),
                    failure)));
    if (registered != null && registeredDomain != null) {
      bundles.put(
          registeredDomain,
          read(
              () -> Authorities.read(registered.getTrustStore(), registeredDomain),
              "quarkus.tls.keybroker.trust-store",
              before == null ? null : before.spiffe().get(registeredDomain),
              failure));
    }
    Path dnsFile = dns;
    Authorities names =
        dnsFile == null
            ? null
            : read(
                () -> Authorities.read(dnsFile, null),
                "keybroker.mtls.dns-authorities (" + dnsFile + ")",
                before == null ? null : before.dns(),
                failure);
    return bundles.isEmpty() && names == null ? null : new ClientTrust(bundles, names);
  }

  private interface Reading {
    Authorities read() throws Exception;
  }

  private static Authorities read(
      Reading reading, String setting, @Nullable Authorities before, Failure failure) {
    try {
      return reading.read();
    } catch (Exception e) {
      String reason =
          setting
              + " cannot be used: "
              + (e instanceof NoSuchFileException ? "there is no such file" : e.getMessage());
      if (before == null) {
        throw new IllegalStateException(reason, e);
      }
      failure.failed(reason, e);
      return before;
    }
  }
}
