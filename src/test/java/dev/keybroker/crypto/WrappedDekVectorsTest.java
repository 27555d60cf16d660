package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds the format to its published test vectors: what is wrapped today must unwrap in ten years.
class WrappedDekVectorsTest {

  static Stream<Arguments> vectors() throws IOException {
    JsonNode vectors = Vectors.resource("wrapped-dek-vectors.json").get("vectors");
    return TestKeks.providers().stream()
        .flatMap(
            provider ->
                StreamSupport.stream(vectors.spliterator(), false)
                    .map(
                        vector ->
                            Arguments.argumentSet(
                                provider.name() + ", " + Vectors.text(vector, "name"),
                                provider,
                                vector)));
  }

  /// Of an RSA encapsulation `z` and the seed are random, so only the EC ones can be made again.
  static Stream<Arguments> ecVectors() throws IOException {
    return vectors().filter(a -> ((JsonNode) a.get()[1]).has("ephemeral_private_key"));
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void unwrap_vector_givesItsDek(CryptoProvider provider, JsonNode vector) throws Exception {
    UnwrappingKey privateKek = privateKek(provider, vector);
    SecretBytes dek =
        TestKeks.wrapping(provider)
            .unwrap(
                kekId(vector), privateKek, Vectors.bytes(vector, "wrapped_dek"), context(vector));
    assertArrayEquals(Vectors.bytes(vector, "dek"), dek.toByteArray());
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void seal_inputsOfVector_givesItsBytes(CryptoProvider provider, JsonNode vector) {
    EncapsulatedSecret secret =
        new EncapsulatedSecret(
            Vectors.bytes(vector, "encapsulated"), SecretBytes.adopt(Vectors.bytes(vector, "z")));
    byte[] wrapped =
        TestKeks.wrapping(provider)
            .seal(
                kekId(vector),
                spec(vector),
                secret,
                Vectors.bytes(vector, "salt"),
                SecretBytes.adopt(Vectors.bytes(vector, "dek")),
                context(vector));
    assertArrayEquals(Vectors.bytes(vector, "wrapped_dek"), wrapped);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void decapsulate_vector_givesItsSecret(CryptoProvider provider, JsonNode vector)
      throws Exception {
    SecretBytes z =
        TestKeks.wrapping(provider)
            .encapsulator()
            .decapsulate(privateKek(provider, vector), Vectors.bytes(vector, "encapsulated"));
    assertArrayEquals(Vectors.bytes(vector, "z"), z.toByteArray());
  }

  @ParameterizedTest
  @MethodSource("ecVectors")
  void encapsulate_ephemeralKeyOfVector_givesItsEncapsulation(
      CryptoProvider provider, JsonNode vector) throws Exception {
    KeyPairSpec spec = spec(vector);
    PrivateKey ephemeral =
        provider
            .keyFactory("EC")
            .generatePrivate(
                new PKCS8EncodedKeySpec(Vectors.bytes(vector, "ephemeral_private_key")));
    KeyPair pair =
        new KeyPair(
            provider.primitives().ecPublicKey(spec.curve(), Vectors.bytes(vector, "encapsulated")),
            ephemeral);
    WrappingKey publicKek =
        new KeyCodec(provider).parsePublic(spec, Vectors.bytes(vector, "public_key"));

    EncapsulatedSecret secret =
        new Encapsulator(provider, new SecureRandom()).encapsulate(publicKek, pair);

    assertArrayEquals(Vectors.bytes(vector, "encapsulated"), secret.encapsulated());
    assertArrayEquals(Vectors.bytes(vector, "z"), secret.z().toByteArray());
  }

  /// The values between, which only help others to find their mistake, by the plainest code.
  @ParameterizedTest
  @MethodSource("vectors")
  void intermediates_vector_leadToItsCiphertext(CryptoProvider provider, JsonNode vector)
      throws Exception {
    byte[] key = Vectors.bytes(vector, "key");
    byte[] nonce = Vectors.bytes(vector, "nonce");
    byte[] salt = Vectors.bytes(vector, "salt");
    Mac hmac = Mac.getInstance("HmacSHA256");
    hmac.init(new SecretKeySpec(Vectors.bytes(vector, "z"), "HmacSHA256"));
    hmac.update("keybroker/v1 dek".getBytes(US_ASCII));
    hmac.update(salt);
    byte[] first = hmac.doFinal(new byte[] {1});
    hmac.update(first);
    hmac.update("keybroker/v1 dek".getBytes(US_ASCII));
    hmac.update(salt);
    byte[] second = hmac.doFinal(new byte[] {2});
    assertArrayEquals(first, key);
    assertArrayEquals(Arrays.copyOf(second, 12), nonce);

    byte[] ciphertext = Vectors.bytes(vector, "wrapped_dek");
    byte[] encapsulated = Vectors.bytes(vector, "encapsulated");
    int start = 18 + encapsulated.length + 16;
    byte[] encodedContext = context(vector).encoded();
    ByteBuffer aad =
        ByteBuffer.allocate(12 + 18 + encapsulated.length + encodedContext.length)
            .put("keybroker/v1".getBytes(US_ASCII))
            .put(ciphertext, 0, 18)
            .put(encapsulated)
            .put(encodedContext);
    assertArrayEquals(aad.array(), Vectors.bytes(vector, "aad"));
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    gcm.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
    gcm.updateAAD(Vectors.bytes(vector, "aad"));
    assertArrayEquals(
        Vectors.bytes(vector, "dek"), gcm.doFinal(ciphertext, start, ciphertext.length - start));
  }

  @Test
  void document_vectorShown_isInTheFile() throws Exception {
    String document = Files.readString(Path.of("src/docs/wrapped-dek.md")).replaceAll("\\s+", "");
    JsonNode shown = null;
    for (JsonNode vector : Vectors.resource("wrapped-dek-vectors.json").get("vectors")) {
      if (document.contains(Vectors.text(vector, "name").replaceAll("\\s+", ""))) {
        shown = vector;
      }
    }
    assertNotNull(shown);
    for (Map.Entry<String, JsonNode> field : shown.properties()) {
      if (field.getValue().isTextual()) {
        String value = field.getValue().asText().replaceAll("\\s+", "");
        assertTrue(document.contains(value), () -> field.getKey() + " is not in the document");
      }
    }
  }

  private static KeyPairSpec spec(JsonNode vector) {
    return KeyPairSpec.valueOf(Vectors.text(vector, "spec"));
  }

  private static UUID kekId(JsonNode vector) {
    return UUID.fromString(Vectors.text(vector, "kek_id"));
  }

  private static UnwrappingKey privateKek(CryptoProvider provider, JsonNode vector) {
    try (SecretBytes pkcs8 = SecretBytes.adopt(Vectors.bytes(vector, "private_key"))) {
      return new KeyCodec(provider).parsePrivate(spec(vector), pkcs8);
    }
  }

  private static EncryptionContext context(JsonNode vector) {
    return EncryptionContext.of(
        new ObjectMapper()
            .convertValue(
                vector.get("encryption_context"), new TypeReference<Map<String, String>>() {}));
  }
}
