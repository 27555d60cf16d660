package dev.keybroker.access;

import java.net.URI;
import java.net.URISyntaxException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Who a client certificate names. Its chain has been verified before; the common name never
/// counts.
///
/// A certificate with a `spiffe://` URI is an X.509-SVID and is read by its rules: exactly one URI
/// SAN, no certificate authority; DNS SANs beside it do not count. Any other names its one DNS SAN.
/// With several, nobody could say which of them is the caller, so it names nobody.
public sealed interface CertificateIdentity {
  /// There is no certificate.
  record None() implements CertificateIdentity {}

  /// There is one, and it names nobody.
  ///
  /// @param reason for the log
  record Unusable(String reason) implements CertificateIdentity {}

  /// There is one, and it names this caller.
  record Named(Caller caller) implements CertificateIdentity {}

  /// Reads a verified certificate.
  ///
  /// @param trustDomains the SPIFFE trust domains that are served; empty means all that the client
  ///     authorities vouch for
  static CertificateIdentity of(X509Certificate certificate, Set<String> trustDomains) {
    try {
      List<String> uris = new ArrayList<>();
      List<String> names = new ArrayList<>();
      Collection<List<?>> subjectAlternativeNames = certificate.getSubjectAlternativeNames();
      if (subjectAlternativeNames != null) {
        for (List<?> name : subjectAlternativeNames) {
          if (name.get(1) instanceof String text) {
            switch ((Integer) name.get(0)) {
              case Names.URI -> uris.add(text);
              case Names.DNS -> names.add(text);
              default -> {}
            }
          }
        }
      }
      return uris.stream().anyMatch(Names::isSpiffe)
          ? svid(certificate, uris, trustDomains)
          : dns(names);
    } catch (CertificateParsingException e) {
      return new Unusable("its subject alternative names cannot be read");
    }
  }

  private static CertificateIdentity svid(
      X509Certificate certificate, List<String> uris, Set<String> trustDomains) {
    if (uris.size() != 1) {
      return new Unusable("a SPIFFE certificate must have exactly one URI");
    }
    boolean[] keyUsage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() != -1
        || (keyUsage != null && (keyUsage[Names.CERTIFICATE_SIGN] || keyUsage[Names.CRL_SIGN]))) {
      return new Unusable("a SPIFFE certificate of a workload must not be an authority's");
    }
    String id = uris.getFirst();
    if (id.length() > Names.LONGEST_SPIFFE_ID || !Names.SPIFFE_ID.matcher(id).matches()) {
      return new Unusable("its URI is no SPIFFE id of a workload");
    }
    try {
      String trustDomain = new URI(id).getRawAuthority();
      if (!trustDomains.isEmpty() && !trustDomains.contains(trustDomain)) {
        return new Unusable("its trust domain is not served here");
      }
    } catch (URISyntaxException e) {
      return new Unusable("its URI is no SPIFFE id of a workload");
    }
    return new Named(new Caller(Caller.Kind.SPIFFE, id));
  }

  private static CertificateIdentity dns(List<String> names) {
    if (names.size() != 1) {
      return new Unusable(
          names.isEmpty() ? "it has neither a SPIFFE id nor a DNS name" : "several DNS names");
    }
    String name = names.getFirst().toLowerCase(Locale.ROOT);
    return Names.DNS_NAME.matcher(name).matches()
        ? new Named(new Caller(Caller.Kind.DNS, name))
        : new Unusable("its DNS name is none of a host");
  }

  /// The types and the shapes of names.
  final class Names {
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int CERTIFICATE_SIGN = 5;
    private static final int CRL_SIGN = 6;
    private static final int LONGEST_SPIFFE_ID = 2048;

    /// SPIFFE ID, sections 2.1 and 2.2: a trust domain and a path of segments, no `.` or `..`.
    /// Possessive: otherwise each segment takes some of the stack.
    private static final Pattern SPIFFE_ID =
        Pattern.compile("spiffe://[a-z0-9._-]{1,255}(?:/(?!\\.{1,2}(?:/|$))[a-zA-Z0-9._-]++)++");

    private static final Pattern DNS_NAME =
        Pattern.compile(
            "(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");

    private Names() {}

    private static boolean isSpiffe(String uri) {
      return uri.regionMatches(true, 0, "spiffe:", 0, "spiffe:".length());
    }
  }
}
