package dev.keybroker.access;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// The caller that a client certificate names. The common name never counts. This class does not
/// check which authorities may vouch for the name.
///
/// A certificate with a `spiffe:` URI is an X.509-SVID and is read by the rules of that standard:
/// exactly one URI SAN, a path in it, no certificate authority, a key that may sign. Its DNS SANs
/// do not count. Any other certificate names its only DNS SAN. With several of them the caller
/// would be ambiguous, so the certificate names no caller.
public sealed interface CertificateIdentity {
  /// There is no certificate.
  record None() implements CertificateIdentity {}

  /// There is a certificate, but it does not name a caller.
  ///
  /// @param reason for the log
  record Unusable(String reason) implements CertificateIdentity {}

  /// There is a certificate, and it names this caller.
  record Named(Caller caller) implements CertificateIdentity {}

  /// Reads a certificate.
  static CertificateIdentity of(X509Certificate certificate) {
    try {
      List<String> uris = uris(certificate);
      return uris.stream().anyMatch(Names::isSpiffe)
          ? svid(certificate, uris)
          : dns(alternativeNames(certificate, Names.DNS));
    } catch (CertificateParsingException e) {
      return new Unusable("its subject alternative names cannot be read");
    }
  }

  /// Returns the URI SANs of a certificate, including an authority's certificate.
  static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
    return alternativeNames(certificate, Names.URI);
  }

  private static List<String> alternativeNames(X509Certificate certificate, int type)
      throws CertificateParsingException {
    List<String> names = new ArrayList<>();
    Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    if (all != null) {
      for (List<?> name : all) {
        if (name.get(0) instanceof Integer it && it == type && name.get(1) instanceof String text) {
          names.add(text);
        }
      }
    }
    return names;
  }

  private static CertificateIdentity svid(X509Certificate certificate, List<String> uris) {
    if (uris.size() != 1) {
      return new Unusable("a SPIFFE certificate must have exactly one URI");
    }
    boolean[] keyUsage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() != -1
        || (keyUsage != null && (keyUsage[Names.CERTIFICATE_SIGN] || keyUsage[Names.CRL_SIGN]))) {
      return new Unusable("a SPIFFE certificate of a workload must not be an authority's");
    }
    if (keyUsage == null || !keyUsage[Names.DIGITAL_SIGNATURE]) {
      return new Unusable("a SPIFFE certificate must have the key usage digitalSignature");
    }
    String id = uris.getFirst();
    return id.length() <= Names.LONGEST_SPIFFE_ID && Names.SPIFFE_ID.matcher(id).matches()
        ? new Named(new Caller(Caller.Kind.SPIFFE, id))
        : new Unusable("its URI is not the SPIFFE id of a workload");
  }

  private static CertificateIdentity dns(List<String> names) {
    if (names.size() != 1) {
      return new Unusable(
          names.isEmpty() ? "it has neither a SPIFFE id nor a DNS name" : "several DNS names");
    }
    String name = names.getFirst().toLowerCase(Locale.ROOT);
    return Names.DNS_NAME.matcher(name).matches()
        ? new Named(new Caller(Caller.Kind.DNS, name))
        : new Unusable("its DNS name is not a host name");
  }

  /// The types and the syntax of names.
  final class Names {
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int DIGITAL_SIGNATURE = 0;
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
