package dev.keybroker.grpc.transport;

import dev.keybroker.access.Caller;
import dev.keybroker.access.CertificateIdentity;
import dev.keybroker.telemetry.LogText;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Decides which authorities may vouch for a client certificate: for a SPIFFE id, those of its
/// trust domain; for a DNS name, those of DNS names.
///
/// A certificate without a usable name does not prove a caller. It may connect if any of the
/// authorities vouches for it, so that its calls can be refused with a reason or carry a token.
///
/// @param spiffe the authorities by trust domain
/// @param dns the authorities of DNS names; null if DNS names are not accepted
record ClientTrust(Map<String, Authorities> spiffe, @Nullable Authorities dns) {
  ClientTrust {
    spiffe = Map.copyOf(spiffe);
  }

  private void check(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    switch (CertificateIdentity.of(chain[0])) {
      case CertificateIdentity.Named(Caller caller) ->
          vouching(caller).check(chain, authType, engine);
      case CertificateIdentity.Unusable(String reason) ->
          checkAny(chain, authType, engine, "it names no caller: " + reason);
      case CertificateIdentity.None() -> throw new IllegalStateException("there is a certificate");
    }
  }

  private Authorities vouching(Caller caller) throws CertificateException {
    if (caller.kind() == Caller.Kind.DNS) {
      if (dns == null) {
        throw new ClientRefused(
            Refusal.DNS_NAME,
            "it names dns:%s, and keybroker.mtls.dns-authorities is not set"
                .formatted(LogText.word(caller.subject())));
      }
      return dns;
    }
    String trustDomain = trustDomain(caller.subject());
    Authorities bundle = spiffe.get(trustDomain);
    if (bundle == null) {
      throw new ClientRefused(
          Refusal.TRUST_DOMAIN,
          "it names %s, and keybroker.mtls.spiffe-bundles has no bundle of this trust domain"
              .formatted(LogText.word(caller.subject())));
    }
    return bundle;
  }

  /// The trust domain of a SPIFFE id.
  private static String trustDomain(String id) {
    int begin = "spiffe://".length();
    return id.substring(begin, id.indexOf('/', begin));
  }

  private void checkAny(
      X509Certificate[] chain, String authType, SSLEngine engine, String otherwise)
      throws CertificateException {
    ClientRefused refused = new ClientRefused(Refusal.UNTRUSTED, otherwise);
    for (Authorities each : all().toList()) {
      try {
        each.check(chain, authType, engine);
        return;
      } catch (CertificateException e) {
        refused.addSuppressed(e);
      }
    }
    throw refused;
  }

  private Stream<Authorities> all() {
    return Stream.concat(spiffe.values().stream(), Stream.ofNullable(dns));
  }

  /// Describes for the log the names and numbers of authorities.
  String described() {
    return all().map(Authorities::toString).sorted().collect(Collectors.joining(", "));
  }

  /// For the TLS of the server.
  X509ExtendedTrustManager manager() {
    return new X509ExtendedTrustManager() {
      @Override
      public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
          throws CertificateException {
        check(chain, authType, engine);
      }

      /// Clients use these to choose their certificate.
      @Override
      public X509Certificate[] getAcceptedIssuers() {
        return all()
            .flatMap(it -> it.certificates().stream())
            .distinct()
            .toArray(X509Certificate[]::new);
      }

      @Override
      public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {
        throw new UnsupportedOperationException("the server uses engines");
      }

      @Override
      public void checkClientTrusted(X509Certificate[] chain, String authType) {
        throw new UnsupportedOperationException("the server uses engines");
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
        throw new UnsupportedOperationException("it checks clients");
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
        throw new UnsupportedOperationException("it checks clients");
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String authType) {
        throw new UnsupportedOperationException("it checks clients");
      }
    };
  }
}
