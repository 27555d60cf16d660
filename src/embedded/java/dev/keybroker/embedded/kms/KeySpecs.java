package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Set;

/// The key specs that CreateKey takes, and what a key of each is good for.
final class KeySpecs {

  private static final Set<String> RSA = Set.of("RSA_2048", "RSA_3072", "RSA_4096");
  private static final Set<String> ECC = Set.of("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521");

  private KeySpecs() {}

  /// @throws AwsException if there is no such spec, or it does not go with the usage
  static void check(String keySpec, String keyUsage) {
    Set<String> usages;
    if (keySpec.equals(KmsKey.SYMMETRIC)) {
      usages = Set.of("ENCRYPT_DECRYPT");
    } else if (RSA.contains(keySpec)) {
      usages = Set.of("ENCRYPT_DECRYPT", "SIGN_VERIFY");
    } else if (ECC.contains(keySpec)) {
      usages = Set.of("SIGN_VERIFY", "KEY_AGREEMENT");
    } else {
      throw KmsErrors.unsupported("The key spec " + keySpec + " is not supported.");
    }
    if (!usages.contains(keyUsage)) {
      throw KmsErrors.validation(
          "KeyUsage " + keyUsage + " is not compatible with KeySpec " + keySpec);
    }
  }

  static List<String> algorithms(String keySpec, String keyUsage) {
    if (keySpec.equals(KmsKey.SYMMETRIC)) {
      return List.of("SYMMETRIC_DEFAULT");
    }
    if (keyUsage.equals("KEY_AGREEMENT")) {
      return List.of("ECDH");
    }
    if (keyUsage.equals("ENCRYPT_DECRYPT")) {
      return List.of("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256");
    }
    return switch (keySpec) {
      case "ECC_NIST_P256" -> List.of("ECDSA_SHA_256");
      case "ECC_NIST_P384" -> List.of("ECDSA_SHA_384");
      case "ECC_NIST_P521" -> List.of("ECDSA_SHA_512");
      default ->
          List.of(
              "RSASSA_PKCS1_V1_5_SHA_256",
              "RSASSA_PKCS1_V1_5_SHA_384",
              "RSASSA_PKCS1_V1_5_SHA_512",
              "RSASSA_PSS_SHA_256",
              "RSASSA_PSS_SHA_384",
              "RSASSA_PSS_SHA_512");
    };
  }
}
