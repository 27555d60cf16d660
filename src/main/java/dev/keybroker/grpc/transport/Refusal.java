package dev.keybroker.grpc.transport;

import java.util.Locale;

/// Why a connection is refused or closed before anybody has proven a caller on it.
enum Refusal {
  /// The handshake requires a client certificate, and there was none.
  CERTIFICATE_MISSING,
  /// Its SPIFFE id is of a trust domain that has no bundle here.
  TRUST_DOMAIN,
  /// It names its caller by DNS, and no authorities of DNS names are configured.
  DNS_NAME,
  /// The authorities of its name do not vouch for it, or its time is over.
  UNTRUSTED,
  /// The handshake failed for another reason, at either end.
  HANDSHAKE,
  /// There are as many connections as there may be. If one of them was unproven, that one was
  /// closed instead.
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
