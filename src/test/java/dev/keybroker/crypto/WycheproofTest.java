package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Wycheproof's vectors (https://github.com/C2SP/wycheproof) through the code that wraps and
/// unwraps, on both providers.
class WycheproofTest {

  private static final String PROVIDERS = "dev.keybroker.crypto.TestKeks#providers";

  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void rsaOaep2048_vectors_decryptOrAreRefused(CryptoProvider provider) throws Exception {
    rsaOaep(provider, KeyPairSpec.RSA_2048, "rsa_oaep_2048_sha256_mgf1sha256_test.json");
  }

  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void rsaOaep3072_vectors_decryptOrAreRefused(CryptoProvider provider) throws Exception {
    rsaOaep(provider, KeyPairSpec.RSA_3072, "rsa_oaep_3072_sha256_mgf1sha256_test.json");
  }

  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void rsaOaep4096_vectors_decryptOrAreRefused(CryptoProvider provider) throws Exception {
    rsaOaep(provider, KeyPairSpec.RSA_4096, "rsa_oaep_4096_sha256_mgf1sha256_test.json");
  }

  /// Vectors with a label are refused like invalid ones: the format has no label, and Amazon
  /// Corretto Crypto Provider has none either.
  private static void rsaOaep(CryptoProvider provider, KeyPairSpec spec, String file)
      throws IOException {
    RsaOaep oaep = new RsaOaep(provider, new SecureRandom());
    int checked = 0;
    for (JsonNode group : Vectors.wycheproof(file)) {
      assertEquals("SHA-256", Vectors.text(group, "sha"));
      assertEquals("SHA-256", Vectors.text(group, "mgfSha"));
      SecretBytes pkcs8 = SecretBytes.adopt(Vectors.bytes(group, "privateKeyPkcs8"));
      UnwrappingKey key = new KeyCodec(provider).parsePrivate(spec, pkcs8);
      for (JsonNode test : group.get("tests")) {
        byte[] decrypted = oaep.decrypt(key.key(), Vectors.bytes(test, "ct"));
        boolean labelled = !Vectors.text(test, "label").isEmpty();
        if ("valid".equals(Vectors.text(test, "result")) && !labelled) {
          assertArrayEquals(Vectors.bytes(test, "msg"), decrypted, test::toString);
        } else {
          assertNull(decrypted, test::toString);
        }
        checked++;
      }
    }
    assertEquals(37, checked);
  }

  /// Stricter than the vectors ask: of the acceptable encodings only the canonical one is read.
  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void ecdhP256_vectors_agreeOrAreRefused(CryptoProvider provider) throws Exception {
    KeyCodec codec = new KeyCodec(provider);
    Hpke hpke =
        new Hpke(
            provider,
            EcCurve.P256,
            HpkeSuite.of(EcCurve.P256, HpkeSuite.EXPORT_ONLY, new byte[0], provider.primitives()),
            new byte[0]);
    int agreed = 0;
    int refused = 0;
    for (JsonNode group : Vectors.wycheproof("ecdh_secp256r1_test.json")) {
      for (JsonNode test : group.get("tests")) {
        WrappingKey theirs;
        try {
          theirs = codec.parsePublic(KeyPairSpec.ECC_NIST_P256, Vectors.bytes(test, "public"));
        } catch (InvalidKekException e) {
          assertTrue(!"valid".equals(Vectors.text(test, "result")), test::toString);
          refused++;
          continue;
        }
        assertTrue(!"invalid".equals(Vectors.text(test, "result")), test::toString);
        PrivateKey mine = privateKey(provider, Vectors.text(test, "private"));
        assertArrayEquals(
            Vectors.bytes(test, "shared"), hpke.diffieHellman(mine, theirs.key()), test::toString);
        agreed++;
      }
    }
    assertTrue(agreed > 300, "agreed: " + agreed);
    assertTrue(refused > 200, "refused: " + refused);
  }

  private static PrivateKey privateKey(CryptoProvider provider, String scalar)
      throws GeneralSecurityException {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec("secp256r1"));
    return provider
        .keyFactory("EC")
        .generatePrivate(
            new ECPrivateKeySpec(
                new BigInteger(scalar, 16), parameters.getParameterSpec(ECParameterSpec.class)));
  }

  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void hkdfSha256_vectors_deriveOrAreRefused(CryptoProvider provider) throws Exception {
    Hkdf hkdf = provider.primitives().hkdfSha256();
    int checked = 0;
    for (JsonNode group : Vectors.wycheproof("hkdf_sha256_test.json")) {
      for (JsonNode test : group.get("tests")) {
        byte[] prk = hkdf.extract(Vectors.bytes(test, "salt"), Vectors.bytes(test, "ikm"));
        byte[] info = Vectors.bytes(test, "info");
        int size = test.get("size").asInt();
        if ("valid".equals(Vectors.text(test, "result"))) {
          byte[] okm = hkdf.expand(prk, info, size);
          assertArrayEquals(Vectors.bytes(test, "okm"), okm, test::toString);
        } else {
          assertThrows(
              IllegalArgumentException.class, () -> hkdf.expand(prk, info, size), test::toString);
        }
        checked++;
      }
    }
    assertEquals(86, checked);
  }

  /// The groups with the sizes that the format uses.
  @ParameterizedTest
  @MethodSource(PROVIDERS)
  void aes256Gcm_vectors_openOrAreRefused(CryptoProvider provider) throws Exception {
    Cipher cipher = provider.primitives().aesGcm();
    int checked = 0;
    for (JsonNode group : Vectors.wycheproof("aes_gcm_test.json")) {
      if (group.get("keySize").asInt() != 256
          || group.get("ivSize").asInt() != 96
          || group.get("tagSize").asInt() != 128) {
        continue;
      }
      for (JsonNode test : group.get("tests")) {
        byte[] message = Vectors.bytes(test, "msg");
        byte[] sealed = sealed(test);
        init(cipher, Cipher.DECRYPT_MODE, test);
        if ("valid".equals(Vectors.text(test, "result"))) {
          assertArrayEquals(message, cipher.doFinal(sealed), test::toString);
          // A fresh object, since one that is reused refuses the same key and nonce twice.
          Cipher fresh = provider.cipher("AES/GCM/NoPadding");
          init(fresh, Cipher.ENCRYPT_MODE, test);
          assertArrayEquals(sealed, fresh.doFinal(message), test::toString);
        } else {
          assertThrows(AEADBadTagException.class, () -> cipher.doFinal(sealed), test::toString);
        }
        checked++;
      }
    }
    assertTrue(checked > 50, "checked: " + checked);
  }

  private static void init(Cipher cipher, int mode, JsonNode test) throws GeneralSecurityException {
    byte[] key = Vectors.bytes(test, "key");
    cipher.init(
        mode,
        new WipedKey("AES", key, key.length),
        new GCMParameterSpec(128, Vectors.bytes(test, "iv")));
    cipher.updateAAD(Vectors.bytes(test, "aad"));
  }

  private static byte[] sealed(JsonNode test) {
    byte[] ciphertext = Vectors.bytes(test, "ct");
    byte[] tag = Vectors.bytes(test, "tag");
    byte[] sealed = Arrays.copyOf(ciphertext, ciphertext.length + tag.length);
    System.arraycopy(tag, 0, sealed, ciphertext.length, tag.length);
    return sealed;
  }
}
