package dev.keybroker.grpc.transport;

import java.security.cert.CertificateException;

/// Thrown if the handshake refuses a client certificate.
final class ClientRefused extends CertificateException {
  private final Refusal refusal;

  /// @param message for the log: what the certificate names, and which setting refuses it
  ClientRefused(Refusal refusal, String message) {
    super(message);
    this.refusal = refusal;
  }

  Refusal refusal() {
    return refusal;
  }
}
