package dev.keybroker.crypto;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import com.amazon.corretto.crypto.provider.SelfTestStatus;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Signature;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import org.jspecify.annotations.Nullable;

/// The source of RSA, EC and AES: Amazon Corretto Crypto Provider if the platform supports it,
/// otherwise the JDK's providers.
///
/// It is chosen once at startup and passed to all code that needs it. A key belongs to the provider
/// that parsed it. Thread-safe. Do not keep it in a static field, because a native image would
/// initialise it during the build.
public final class CryptoProvider {

  private final String name;
  private final @Nullable Provider provider;
  private final @Nullable String fallbackReason;
  private final ThreadLocal<ThreadPrimitives> primitives =
      ThreadLocal.withInitial(() -> new ThreadPrimitives(this));

  private CryptoProvider(
      String name, @Nullable Provider provider, @Nullable String fallbackReason) {
    this.name = name;
    this.provider = provider;
    this.fallbackReason = fallbackReason;
  }

  /// Amazon Corretto Crypto Provider if it loads and passes its self-tests (this method waits for
  /// them), otherwise [#jdk()].
  public static CryptoProvider detect() {
    try {
      return Corretto.load();
    } catch (LinkageError e) {
      // The jar is not on the class path, or its classes do not load on this platform.
      return fallback("it is not on the class path");
    }
  }

  /// The JDK's own providers, in the order of preference that the platform configures.
  public static CryptoProvider jdk() {
    return new CryptoProvider(jdkName(), null, null);
  }

  private static CryptoProvider fallback(String reason) {
    return new CryptoProvider(jdkName(), null, reason);
  }

  private static String jdkName() {
    return "JDK " + Runtime.version().feature();
  }

  /// For the log: the provider and its version.
  public String name() {
    return name;
  }

  /// For the log: why [#detect()] did not choose Amazon Corretto Crypto Provider. Empty if it did,
  /// or was not called.
  public Optional<String> fallbackReason() {
    return Optional.ofNullable(fallbackReason);
  }

  /// The provider's own random generator. That of Amazon Corretto Crypto Provider can be shared by
  /// threads without contention.
  public SecureRandom secureRandom() {
    try {
      return provider == null
          ? new SecureRandom()
          : SecureRandom.getInstance("LibCryptoRng", provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  /// The objects that the calling thread reuses between calls. They hold no private key.
  ThreadPrimitives primitives() {
    return primitives.get();
  }

  Cipher cipher(String transformation) {
    try {
      return provider == null
          ? Cipher.getInstance(transformation)
          : Cipher.getInstance(transformation, provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  KeyFactory keyFactory(String algorithm) {
    try {
      return provider == null
          ? KeyFactory.getInstance(algorithm)
          : KeyFactory.getInstance(algorithm, provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  KeyPairGenerator keyPairGenerator(String algorithm) {
    try {
      return provider == null
          ? KeyPairGenerator.getInstance(algorithm)
          : KeyPairGenerator.getInstance(algorithm, provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  KeyAgreement keyAgreement() {
    try {
      return provider == null
          ? KeyAgreement.getInstance("ECDH")
          : KeyAgreement.getInstance("ECDH", provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  Signature signature(String algorithm) {
    try {
      return provider == null
          ? Signature.getInstance(algorithm)
          : Signature.getInstance(algorithm, provider);
    } catch (GeneralSecurityException e) {
      throw unavailable(e);
    }
  }

  /// Thrown if a primitive fails that every supported platform has: the installation is broken; the
  /// caller made no mistake.
  static IllegalStateException unavailable(GeneralSecurityException cause) {
    return new IllegalStateException("cryptographic primitive unavailable", cause);
  }

  /// Loads the provider's classes, so that their absence is detected here and nowhere else.
  private static final class Corretto {

    static CryptoProvider load() {
      AmazonCorrettoCryptoProvider provider = AmazonCorrettoCryptoProvider.INSTANCE;
      if (provider.getLoadingError() != null) {
        return fallback("it does not load on this platform");
      }
      if (provider.runSelfTests() != SelfTestStatus.PASSED) {
        return fallback("its self-tests failed");
      }
      return new CryptoProvider(
          provider.getName() + " " + provider.getVersionStr(), provider, null);
    }
  }
}
