package dev.keybroker.kek.redis;

import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekProvenance;
import dev.keybroker.kek.KekState;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/// The content of Redis entries: `DataOutput` fields in a fixed order. Another layout needs another
/// [EntryMac] version, except for optional fields at the end: entries without them still decode.
/// Bytes that do not decode cause an [IOException] or an [IllegalArgumentException].
final class RecordCodec {
  /// How a key is reached. An older broker takes what it does not know for a role, finds no record
  /// in what follows and reads PostgreSQL.
  private static final byte BY_POLICY = 0;

  private static final byte BY_ROLE = 1;
  private static final byte BY_GRANT = 2;

  private final KeyCodec keys;

  RecordCodec(KeyCodec keys) {
    this.keys = keys;
  }

  byte[] encode(ActiveKek kek) {
    return bytes(
        out -> {
          out.writeUTF(kek.name().toString());
          out.writeUTF(kek.key().spec().name());
          writeBytes(out, kek.key().subjectPublicKeyInfo());
          writeUse(out, kek.rootKey());
          out.writeBoolean(kek.failClosed());
          writeInstant(out, kek.createTime());
          writeInstant(out, kek.readTime());
        });
  }

  ActiveKek decodeActive(byte[] content) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
    KekName name = KekName.parse(in.readUTF());
    KeyPairSpec spec = KeyPairSpec.valueOf(in.readUTF());
    byte[] publicKey = readBytes(in);
    ActiveKek kek =
        new ActiveKek(
            name,
            keys.parsePublic(spec, publicKey),
            readUse(in),
            in.readBoolean(),
            readInstant(in),
            readInstant(in),
            true);
    end(in);
    return kek;
  }

  byte[] encode(Kek kek) {
    return bytes(
        out -> {
          out.writeUTF(kek.name().toString());
          out.writeUTF(kek.state().name());
          out.writeUTF(kek.spec().name());
          writeUse(out, kek.rootKey());
          byte[] encrypted = kek.encryptedPrivateKey();
          out.writeBoolean(encrypted != null);
          if (encrypted != null) {
            writeBytes(out, encrypted);
          }
          out.writeLong(kek.privateKekLifetime().toMillis());
          writeInstant(out, kek.readTime());
          // The last fields, written only if there are any, so that all other entries keep their
          // layout. A KEK whose destruction is scheduled has a provenance.
          KekProvenance provenance = kek.provenance();
          if (provenance != null) {
            writeProvenance(out, provenance);
            Instant destroyTime = kek.destroyTime();
            if (destroyTime != null) {
              writeInstant(out, destroyTime);
            }
          }
        });
  }

  Kek decodeKek(byte[] content) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(content));
    KekName name = KekName.parse(in.readUTF());
    KekState state = KekState.valueOf(in.readUTF());
    KeyPairSpec spec = KeyPairSpec.valueOf(in.readUTF());
    KeyUse rootKey = readUse(in);
    byte[] encrypted = in.readBoolean() ? readBytes(in) : null;
    Kek kek =
        new Kek(
            name,
            state,
            spec,
            rootKey,
            encrypted,
            Duration.ofMillis(in.readLong()),
            readInstant(in),
            in.available() > 0 ? readProvenance(in) : null,
            in.available() > 0 ? readInstant(in) : null,
            true);
    end(in);
    return kek;
  }

  private static void writeProvenance(DataOutputStream out, KekProvenance provenance)
      throws IOException {
    out.writeUTF(provenance.origin().name());
    writeBytes(out, provenance.publicKey());
    writeInstant(out, provenance.createTime());
    Instant activeTime = provenance.activeTime();
    out.writeBoolean(activeTime != null);
    if (activeTime != null) {
      writeInstant(out, activeTime);
    }
  }

  private static KekProvenance readProvenance(DataInputStream in) throws IOException {
    return new KekProvenance(
        KekOrigin.valueOf(in.readUTF()),
        readBytes(in),
        readInstant(in),
        in.readBoolean() ? readInstant(in) : null);
  }

  private static void writeUse(DataOutputStream out, KeyUse use) throws IOException {
    KmsKey key = use.key();
    out.writeUTF(key.arn().toString());
    AssumedRole role = key.role();
    String grantId = key.grantId();
    out.writeByte(grantId != null ? BY_GRANT : role != null ? BY_ROLE : BY_POLICY);
    if (grantId != null) {
      out.writeUTF(grantId);
    }
    if (role != null) {
      out.writeUTF(role.roleArn());
      out.writeUTF(role.externalId());
    }
    Map<String, String> pairs = new TreeMap<>(use.context().pairs());
    out.writeInt(pairs.size());
    for (Map.Entry<String, String> pair : pairs.entrySet()) {
      out.writeUTF(pair.getKey());
      out.writeUTF(pair.getValue());
    }
  }

  private static KeyUse readUse(DataInputStream in) throws IOException {
    KmsArn arn = KmsArn.parse(in.readUTF());
    int way = in.readByte();
    String grantId = way == BY_GRANT ? in.readUTF() : null;
    AssumedRole role = way == BY_ROLE ? new AssumedRole(in.readUTF(), in.readUTF()) : null;
    if (way < BY_POLICY || way > BY_GRANT) {
      throw new IOException("unknown way to a key");
    }
    Map<String, String> pairs = new TreeMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      pairs.put(in.readUTF(), in.readUTF());
    }
    return new KeyUse(new KmsKey(arn, role, grantId), new KmsContext(pairs));
  }

  private interface Fields {
    void write(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    try {
      fields.write(new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("length out of bounds");
    }
    return in.readNBytes(length);
  }

  private static void writeInstant(DataOutputStream out, Instant instant) throws IOException {
    out.writeLong(instant.getEpochSecond());
    out.writeInt(instant.getNano());
  }

  private static Instant readInstant(DataInputStream in) throws IOException {
    try {
      return Instant.ofEpochSecond(in.readLong(), in.readInt());
    } catch (DateTimeException | ArithmeticException e) {
      throw new IOException("instant out of bounds", e);
    }
  }

  private static void end(DataInputStream in) throws IOException {
    if (in.available() > 0) {
      throw new IOException("trailing bytes");
    }
  }
}
