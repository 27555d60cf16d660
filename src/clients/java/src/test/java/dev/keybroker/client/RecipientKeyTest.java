package dev.keybroker.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class RecipientKeyTest {
  private static final int AES_128_GCM = 1;

  private static byte[] hex(JsonObject object, String field) {
    return HexFormat.of().parseHex(object.get(field).getAsString());
  }

  @Test
  void sealedMessage_opens_asInRfc9180() throws Exception {
    JsonObject file =
        JsonParser.parseString(
                Files.readString(Path.of("../../test/resources/hpke-seal-vectors.json")))
            .getAsJsonObject();
    JsonObject vector = null;
    for (JsonElement each : file.getAsJsonArray("vectors")) {
      if (each.getAsJsonObject().get("name").getAsString().contains("P-256")) {
        vector = each.getAsJsonObject();
      }
    }
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec("secp256r1"));
    RecipientKey key =
        new RecipientKey(
            KeyFactory.getInstance("EC")
                .generatePrivate(
                    new ECPrivateKeySpec(
                        new BigInteger(1, hex(vector, "skRm")),
                        curve.getParameterSpec(ECParameterSpec.class))),
            hex(vector, "pkRm"));
    byte[] sealed = Hpke.concat(hex(vector, "pkEm"), hex(vector, "ct"));
    byte[] info = hex(file, "info");
    byte[] aad = hex(file, "aad");

    assertArrayEquals(hex(file, "pt"), key.open(sealed, info, aad, AES_128_GCM));
    for (int at : new int[] {0, 1, 64, 65, sealed.length - 1}) {
      byte[] changed = sealed.clone();
      changed[at] ^= 1;
      assertRefused(() -> key.open(changed, info, aad, AES_128_GCM));
    }
    for (int size : new int[] {0, 1, 65, 66, sealed.length - 1}) {
      assertRefused(() -> key.open(Arrays.copyOf(sealed, size), info, aad, AES_128_GCM));
    }
    assertRefused(() -> key.open(sealed, info, info, AES_128_GCM));
    assertRefused(() -> RecipientKey.generate().open(sealed, info, aad, AES_128_GCM));
  }

  private static void assertRefused(org.junit.jupiter.api.function.Executable open) {
    assertEquals(
        RecordingException.Reason.KEY, assertThrows(RecordingException.class, open).reason());
  }
}
