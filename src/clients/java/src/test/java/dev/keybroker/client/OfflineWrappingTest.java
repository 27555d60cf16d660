package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Wrapped DEKs under the RSA keys of the wrapped DEK's vectors, opened by hand. Those under EC keys
 * are opened by the broker in {@link BrokerTest}, like these.
 */
class OfflineWrappingTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1", "agent", "Ada");

  static Stream<JsonObject> rsaKeys() throws Exception {
    Map<String, JsonObject> bySpec = new HashMap<>();
    String file = Files.readString(Path.of("../../test/resources/wrapped-dek-vectors.json"));
    for (JsonElement vector :
        JsonParser.parseString(file).getAsJsonObject().getAsJsonArray("vectors")) {
      bySpec.put(Vectors.text(vector.getAsJsonObject(), "spec"), vector.getAsJsonObject());
    }
    return bySpec.values().stream().filter(it -> Vectors.text(it, "spec").startsWith("RSA"));
  }

  @ParameterizedTest
  @MethodSource("rsaKeys")
  void wrappedDek_opensUnderItsContextAlone(JsonObject vector) throws Exception {
    String id = Vectors.text(vector, "kek_id");
    PublicKek kek =
        new PublicKek(
            "tenants/acme/keystores/calls/keks/" + id,
            KeyPairSpec.valueOf(Vectors.text(vector, "spec")),
            HEX.parseHex(Vectors.text(vector, "public_key")),
            Instant.EPOCH,
            Instant.EPOCH);
    Dek dek = Dek.random();
    byte[] wrapped = new OfflineWrapping().wrap(kek, dek, CONTEXT);
    PrivateKey key =
        KeyFactory.getInstance("RSA")
            .generatePrivate(
                new PKCS8EncodedKeySpec(HEX.parseHex(Vectors.text(vector, "private_key"))));

    assertArrayEquals(dek.toByteArray(), opened(key, wrapped, CONTEXT));
    assertThrows(AEADBadTagException.class, () -> opened(key, wrapped, Map.of()));
    assertEquals(
        UUID.fromString(id),
        RecordingHeader.builder("tenants/acme/keystores/calls", wrapped)
            .build(dek)
            .kekId()
            .orElseThrow());
  }

  private static byte[] opened(PrivateKey key, byte[] wrapped, Map<String, String> context)
      throws Exception {
    int saltOffset = wrapped.length - 32 - 16 - 16;
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    oaep.init(
        Cipher.DECRYPT_MODE,
        key,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    byte[] z = oaep.doFinal(wrapped, 18, saltOffset - 18);
    ByteArrayOutputStream info = new ByteArrayOutputStream();
    info.writeBytes("keybroker/v1 dek".getBytes(US_ASCII));
    info.write(wrapped, saltOffset, 16);
    byte[] okm = expand(z, info.toByteArray());
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    gcm.init(
        Cipher.DECRYPT_MODE,
        new SecretKeySpec(okm, 0, 32, "AES"),
        new GCMParameterSpec(128, okm, 32, 12));
    gcm.updateAAD("keybroker/v1".getBytes(US_ASCII));
    gcm.updateAAD(wrapped, 0, saltOffset);
    gcm.updateAAD(Pairs.CONTEXT.encode(context));
    return gcm.doFinal(wrapped, saltOffset + 16, wrapped.length - saltOffset - 16);
  }

  /** HKDF-Expand of 44 bytes. */
  private static byte[] expand(byte[] prk, byte[] info) throws Exception {
    javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(prk, "HmacSHA256"));
    mac.update(info);
    byte[] first = mac.doFinal(new byte[] {1});
    mac.update(first);
    mac.update(info);
    byte[] second = mac.doFinal(new byte[] {2});
    byte[] okm = Arrays.copyOf(first, 44);
    System.arraycopy(second, 0, okm, 32, 12);
    return okm;
  }
}
