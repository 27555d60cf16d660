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
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.X509KeyManager;
import org.jspecify.annotations.Nullable;

/// What the broker presents and whom it trusts, read at one moment and found to be usable.
///
/// @param presented the broker's own certificates, issuers included
/// @param trusted the authorities of client certificates; empty where none are asked for
/// @param expiry when the first of the broker's own certificates ends
record TlsMaterial(
    SslContext context, List<X509Certificate> presented, Set<Certificate> trusted, Instant expiry) {
  private static final byte[] PROBE = new byte[32];

  /// Takes what the TLS registry holds.
  ///
  /// @throws GeneralSecurityException where it does not serve: a key of another certificate, a
  ///     certificate that is not valid now
  static TlsMaterial read(TlsConfiguration registered, Vertx vertx, Instant now) throws Exception {
    KeyStore keys = registered.getKeyStore();
    X509KeyManager manager =
        x509(registered.getKeyStoreOptions().getKeyManagerFactory(vertx).getKeyManagers());
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
    Set<Certificate> trusted = trusted(registered.getTrustStore());
    return new TlsMaterial(
        context(registered, trusted.isEmpty() ? ClientAuth.NONE : ClientAuth.OPTIONAL),
        List.copyOf(presented),
        Set.copyOf(trusted),
        expiry);
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

  private static Set<Certificate> trusted(@Nullable KeyStore store)
      throws GeneralSecurityException {
    Set<Certificate> trusted = new HashSet<>();
    if (store != null) {
      for (String alias : Collections.list(store.aliases())) {
        trusted.add(store.getCertificate(alias));
      }
    }
    return trusted;
  }

  private static SslContext context(TlsConfiguration registered, ClientAuth clientAuth)
      throws Exception {
    SSLOptions options = registered.getSSLOptions();
    Set<String> suites = options.getEnabledCipherSuites();
    return new JdkSslContext(
        registered.createSSLContext(),
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

  /// Whether both present the same certificates and trust the same authorities.
  boolean isLike(TlsMaterial other) {
    return presented.equals(other.presented) && trusted.equals(other.trusted);
  }
}
