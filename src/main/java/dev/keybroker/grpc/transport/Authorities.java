package dev.keybroker.grpc.transport;

import dev.keybroker.access.Caller;
import dev.keybroker.access.CertificateIdentity;
import dev.keybroker.telemetry.LogText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Certificate authorities that vouch for one kind of name, or for the names of one trust domain.
/// Two instances are equal if they have the same certificates and the same name.
final class Authorities {
  private final String name;
  private final Set<X509Certificate> certificates;
  private final X509ExtendedTrustManager manager;

  private Authorities(String name, Set<X509Certificate> certificates)
      throws GeneralSecurityException, IOException {
    this.name = name;
    this.certificates = Set.copyOf(certificates);
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    int number = 0;
    for (X509Certificate each : certificates) {
      anchors.setCertificateEntry(Integer.toString(number++), each);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(anchors);
    this.manager = extended(factory.getTrustManagers());
  }

  private static X509ExtendedTrustManager extended(TrustManager[] managers)
      throws GeneralSecurityException {
    for (TrustManager each : managers) {
      if (each instanceof X509ExtendedTrustManager it) {
        return it;
      }
    }
    throw new GeneralSecurityException("there is no trust manager for X.509");
  }

  /// Reads the authorities of a PEM file.
  ///
  /// @param trustDomain the trust domain that they vouch for; null if they vouch for DNS names
  static Authorities read(Path file, @Nullable String trustDomain) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return of(CertificateFactory.getInstance("X.509").generateCertificates(in), trustDomain);
    }
  }

  /// Reads the authorities of a key store.
  ///
  /// @param trustDomain whose
  static Authorities read(KeyStore store, String trustDomain) throws Exception {
    Set<Certificate> entries = new LinkedHashSet<>();
    for (String alias : Collections.list(store.aliases())) {
      entries.add(store.getCertificate(alias));
    }
    return of(entries, trustDomain);
  }

  private static Authorities of(
      Collection<? extends Certificate> entries, @Nullable String trustDomain) throws Exception {
    Set<X509Certificate> certificates = new LinkedHashSet<>();
    for (Certificate each : entries) {
      X509Certificate certificate = (X509Certificate) each;
      checkOwn(certificate, trustDomain);
      certificates.add(certificate);
    }
    if (certificates.isEmpty()) {
      throw new CertificateException("there is no certificate");
    }
    return new Authorities(
        trustDomain == null ? "DNS names" : "spiffe://" + trustDomain, certificates);
  }

  /// Authorities of SPIRE name their trust domain. One that names another trust domain must come
  /// from a file with several trust domains, and could issue ids of this one.
  private static void checkOwn(X509Certificate authority, @Nullable String trustDomain)
      throws CertificateException {
    String own = "spiffe://" + trustDomain;
    for (String uri : CertificateIdentity.uris(authority)) {
      String id = uri.toLowerCase(Locale.ROOT);
      if (id.startsWith("spiffe:") && !id.equals(own) && !id.startsWith(own + "/")) {
        throw new CertificateException(
            "it holds the authority %s, which is not one of %s"
                .formatted(
                    LogText.word(uri), trustDomain == null ? "DNS names" : "trust domain " + own));
      }
    }
  }

  Set<X509Certificate> certificates() {
    return certificates;
  }

  /// Verifies a client's chain up to one of these authorities.
  void check(X509Certificate[] chain, String authType, SSLEngine engine) throws ClientRefused {
    try {
      manager.checkClientTrusted(chain, authType, engine);
    } catch (CertificateException e) {
      ClientRefused refused =
          new ClientRefused(
              Refusal.UNTRUSTED,
              "it names %s, and the authorities of %s do not vouch for it: %s"
                  .formatted(named(chain[0]), name, LogText.line(String.valueOf(e.getMessage()))));
      refused.initCause(e);
      throw refused;
    }
  }

  private static String named(X509Certificate certificate) {
    return CertificateIdentity.of(certificate) instanceof CertificateIdentity.Named(Caller caller)
        ? LogText.word(caller.subject())
        : "no names";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Authorities it
        && it.name.equals(name)
        && it.certificates.equals(certificates);
  }

  @Override
  public int hashCode() {
    return certificates.hashCode();
  }

  @Override
  public String toString() {
    return name + " (" + certificates.size() + ")";
  }
}
