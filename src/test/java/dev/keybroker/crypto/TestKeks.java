package dev.keybroker.crypto;

import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/// The providers under test and one key pair for each spec, made when first needed and shared by
/// all tests.
final class TestKeks {

  static final UUID KEK_ID = UUID.fromString("6f1d2c3b-4a59-4687-8796-a5b4c3d2e1f0");

  private static final CryptoProvider DETECTED = CryptoProvider.detect();
  private static final CryptoProvider JDK = CryptoProvider.jdk();
  private static final Map<KeyPairSpec, PlaintextKeyPair> PAIRS = new EnumMap<>(KeyPairSpec.class);

  private TestKeks() {}

  /// The platform's best provider: Amazon Corretto Crypto Provider on linux-x86_64.
  static CryptoProvider detected() {
    return DETECTED;
  }

  static CryptoProvider jdk() {
    return JDK;
  }

  static List<CryptoProvider> providers() {
    return List.of(DETECTED, JDK);
  }

  /// Each provider with each spec, the provider by name for the test report.
  static Stream<Arguments> providersAndSpecs() {
    return providers().stream()
        .flatMap(
            provider ->
                Stream.of(KeyPairSpec.values())
                    .map(
                        spec ->
                            Arguments.argumentSet(provider.name() + ", " + spec, provider, spec)));
  }

  static WrappingKey publicKek(CryptoProvider provider, KeyPairSpec spec) {
    return new KeyCodec(provider).parsePublic(spec, pair(spec).subjectPublicKeyInfo());
  }

  static UnwrappingKey privateKek(CryptoProvider provider, KeyPairSpec spec) {
    try (SecretBytes pkcs8 = privateKekPkcs8(spec)) {
      return new KeyCodec(provider).parsePrivate(spec, pkcs8);
    }
  }

  static SecretBytes privateKekPkcs8(KeyPairSpec spec) {
    return SecretBytes.adopt(pair(spec).pkcs8().toByteArray());
  }

  static DekWrapping wrapping(CryptoProvider provider) {
    return new DekWrapping(provider, new SecureRandom());
  }

  private static synchronized PlaintextKeyPair pair(KeyPairSpec spec) {
    return PAIRS.computeIfAbsent(
        spec, missing -> new KeyPairs(DETECTED, new SecureRandom()).generate(missing));
  }
}
