package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.hpke.HPKE;

/// A recipient of sealed DEKs, on Bouncy Castle's HPKE.
record HpkeRecipient(HPKE hpke, AsymmetricCipherKeyPair pair) {
  private static final byte[] INFO = "keybroker/v1 sealed".getBytes(StandardCharsets.US_ASCII);

  static HpkeRecipient of(short kem) {
    HPKE hpke = new HPKE(HPKE.mode_base, kem, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
    return new HpkeRecipient(hpke, hpke.generatePrivateKey());
  }

  ByteString publicKey() {
    return ByteString.copyFrom(hpke.serializePublicKey(pair.getPublic()));
  }

  String name() throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(publicKey().toByteArray());
    return "recipients/" + HexFormat.of().formatHex(digest);
  }

  ByteString open(ByteString sealed, String kek) throws Exception {
    byte[] bytes = sealed.toByteArray();
    int encSize = publicKey().size();
    byte[] enc = Arrays.copyOf(bytes, encSize);
    return ByteString.copyFrom(
        hpke.setupBaseR(enc, pair, INFO)
            .open(
                kek.getBytes(StandardCharsets.UTF_8),
                Arrays.copyOfRange(bytes, encSize, bytes.length)));
  }
}
