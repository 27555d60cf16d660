package dev.keybroker.grpc.transport;

import java.util.Locale;

/// The reason why a connection is refused or closed before a caller was authenticated on it.
enum Refusal {
  /// The handshake requires a client certificate, and the client sent none.
  CERTIFICATE_MISSING,
  /// The trust domain of the certificate's SPIFFE id has no bundle here.
  TRUST_DOMAIN,
  /// The certificate names its caller by DNS, and no authorities of DNS names are configured.
  DNS_NAME,
  /// The authorities of its name do not vouch for the certificate, or it has expired.
  UNTRUSTED,
  /// The handshake failed for another reason, on either side.
  HANDSHAKE,
  /// The maximum number of connections is reached. If one of them was unproven, that one was closed
  /// instead.
  TOO_MANY,
  /// The same, of one peer.
  TOO_MANY_OF_PEER,
  /// Nobody proved a caller on it in time.
  UNPROVEN;

  /// The value of the metric's tag.
  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
