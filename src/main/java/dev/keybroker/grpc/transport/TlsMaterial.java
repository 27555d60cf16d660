package dev.keybroker.grpc.transport;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.quarkus.tls.TlsConfiguration;
import io.vertx.core.Vertx;
import io.vertx.core.net.SSLOptions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509KeyManager;
import org.jspecify.annotations.Nullable;

/// The broker's own certificates and key, read at one moment and validated.
///
/// @param presented the broker's own certificates, including issuers
/// @param expiry when the first of them expires
record TlsMaterial(
    List<KeyManager> managers,
    SSLOptions options,
    List<X509Certificate> presented,
    Instant expiry) {
  private static final byte[] PROBE = new byte[32];

  /// Reads the certificates and key of the TLS registry.
  ///
  /// @throws GeneralSecurityException if they cannot be used, e.g. because the key belongs to
  ///     another certificate or a certificate is not valid now
  static TlsMaterial read(TlsConfiguration registered, Vertx vertx, Instant now) throws Exception {
    KeyStore keys = registered.getKeyStore();
    KeyManager[] managers =
        registered.getKeyStoreOptions().getKeyManagerFactory(vertx).getKeyManagers();
    X509KeyManager manager = x509(managers);
    List<X509Certificate> presented = new ArrayList<>();
    for (String alias : Collections.list(keys.aliases())) {
      X509Certificate[] chain = manager.getCertificateChain(alias);
      PrivateKey key = manager.getPrivateKey(alias);
      if (chain == null || key == null) {
        continue;
      }
      check(chain, key, now);
      presented.addAll(List.of(chain));
    }
    if (presented.isEmpty()) {
      throw new GeneralSecurityException("there is no certificate with its private key");
    }
    Instant expiry =
        presented.stream()
            .map(certificate -> certificate.getNotAfter().toInstant())
            .min(Comparator.naturalOrder())
            .orElseThrow();
    return new TlsMaterial(
        List.of(managers), registered.getSSLOptions(), List.copyOf(presented), expiry);
  }

  private static X509KeyManager x509(KeyManager[] managers) throws GeneralSecurityException {
    for (KeyManager manager : managers) {
      if (manager instanceof X509KeyManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("there is no X.509 certificate");
  }

  private static void check(X509Certificate[] chain, PrivateKey key, Instant now)
      throws GeneralSecurityException {
    for (X509Certificate certificate : chain) {
      certificate.checkValidity(java.util.Date.from(now));
    }
    if (!belongTogether(chain[0].getPublicKey(), key)) {
      throw new GeneralSecurityException("the private key is not that of the certificate");
    }
  }

  private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey)
      throws GeneralSecurityException {
    if (!publicKey.getAlgorithm().equals(privateKey.getAlgorithm())) {
      return false;
    }
    String algorithm =
        switch (publicKey.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> publicKey.getAlgorithm();
        };
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(privateKey);
    signature.update(PROBE);
    byte[] signed = signature.sign();
    signature.initVerify(publicKey);
    signature.update(PROBE);
    return signature.verify(signed);
  }

  /// Creates the context for the server's handshakes.
  ///
  /// @param trust the authorities of client certificates; null if none are asked for
  /// @param clientAuth whether the handshake asks for a client certificate, or requires it
  SslContext context(@Nullable ClientTrust trust, ClientAuth clientAuth)
      throws GeneralSecurityException {
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(
        managers.toArray(KeyManager[]::new),
        trust == null ? new TrustManager[0] : new TrustManager[] {trust.manager()},
        null);
    Set<String> suites = options.getEnabledCipherSuites();
    return new JdkSslContext(
        tls,
        false,
        suites.isEmpty() ? Http2SecurityUtil.CIPHERS : suites,
        SupportedCipherSuiteFilter.INSTANCE,
        new ApplicationProtocolConfig(
            Protocol.ALPN,
            SelectorFailureBehavior.NO_ADVERTISE,
            SelectedListenerFailureBehavior.ACCEPT,
            ApplicationProtocolNames.HTTP_2),
        clientAuth,
        options.getEnabledSecureTransportProtocols().toArray(String[]::new),
        false);
  }
}
