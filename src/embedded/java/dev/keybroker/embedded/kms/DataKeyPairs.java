package dev.keybroker.embedded.kms;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import org.jspecify.annotations.Nullable;

/// Generates the key pairs of GenerateDataKeyPair, by Amazon Corretto Crypto Provider where it
/// is on the class path and runs here (RSA several times faster), otherwise by the JDK.
final class DataKeyPairs {

  private static final @Nullable Provider CORRETTO = corretto();

  private DataKeyPairs() {}

  /// @throws AwsException if no key pair of the spec can be generated
  static void check(String spec) {
    parameters(spec);
  }

  static KeyPair generate(String spec) {
    String algorithm = spec.startsWith("RSA") ? "RSA" : "EC";
    try {
      KeyPairGenerator generator =
          CORRETTO == null
              ? KeyPairGenerator.getInstance(algorithm)
              : KeyPairGenerator.getInstance(algorithm, CORRETTO);
      generator.initialize(parameters(spec));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static AlgorithmParameterSpec parameters(String spec) {
    return switch (spec) {
      case "RSA_2048" -> new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4);
      case "RSA_3072" -> new RSAKeyGenParameterSpec(3072, RSAKeyGenParameterSpec.F4);
      case "RSA_4096" -> new RSAKeyGenParameterSpec(4096, RSAKeyGenParameterSpec.F4);
      case "ECC_NIST_P256" -> new ECGenParameterSpec("secp256r1");
      case "ECC_NIST_P384" -> new ECGenParameterSpec("secp384r1");
      case "ECC_NIST_P521" -> new ECGenParameterSpec("secp521r1");
      default -> throw KmsErrors.unsupported("The key pair spec " + spec + " is not supported.");
    };
  }

  private static @Nullable Provider corretto() {
    try {
      Class<?> type =
          Class.forName("com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider");
      Provider provider = (Provider) type.getField("INSTANCE").get(null);
      return provider != null && provider.getService("KeyPairGenerator", "RSA") != null
          ? provider
          : null;
    } catch (ReflectiveOperationException | LinkageError e) {
      return null;
    }
  }
}
