package dev.keybroker.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.crypto.tink.subtle.AesGcmHkdfStreaming;
import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Writer and readers against the test vectors, and Tink against the bodies. */
class VectorsTest {
  static Stream<JsonObject> files() {
    return Vectors.of("files");
  }

  static Stream<JsonObject> refused() {
    return Vectors.of("refused");
  }

  static Stream<JsonObject> recovered() {
    return Vectors.of("recovered");
  }

  @ParameterizedTest
  @MethodSource("files")
  void writer_givesTheFile(JsonObject vector) throws Exception {
    byte[] file = Vectors.written(vector);
    assertEquals(vector.get("size").getAsInt(), file.length);
    assertEquals(
        Vectors.text(vector, "sha256"),
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(file)));
    if (vector.has("file")) {
      assertEquals(Vectors.text(vector, "file"), HexFormat.of().formatHex(file));
    }
    RecordingHeader header = RecordingHeader.read(new ByteArrayInputStream(file));
    assertEquals(Vectors.header(vector), header);
    assertEquals(vector.get("header_size").getAsInt(), header.size());
    assertEquals(file.length, header.fileSize(vector.get("plaintext_size").getAsInt()));
    assertEquals(Vectors.pairs(vector.getAsJsonObject("metadata")), header.metadata());
    assertEquals(
        vector.get("hide_context").getAsBoolean()
            ? Optional.empty()
            : Optional.of(Vectors.context()),
        header.context());
    assertEquals("0d9e6c1a-7f3b-4c52-9a80-000000000004", header.kekId().orElseThrow().toString());
  }

  @ParameterizedTest
  @MethodSource("files")
  void readers_giveThePlaintext(JsonObject vector) throws IOException {
    byte[] file = Vectors.written(vector);
    byte[] plaintext = Vectors.plaintext(vector.get("plaintext_size").getAsInt());
    assertArrayEquals(plaintext, streamed(file, Vectors.dek(), Vectors.context(), false));
    assertArrayEquals(plaintext, streamed(file, Vectors.dek(), Vectors.context(), true));
    assertArrayEquals(plaintext, sought(file, Vectors.dek(), Vectors.context(), false));
    try (RecordingReader recovered =
        RecordingReader.recover(new Memory(file), Vectors.dek(), Vectors.context())) {
      assertTrue(recovered.isComplete());
      assertEquals(plaintext.length, recovered.size());
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void body_isReadByTink(JsonObject vector) throws Exception {
    byte[] file = Vectors.written(vector);
    RecordingHeader header = Vectors.header(vector);
    AesGcmHkdfStreaming tink =
        new AesGcmHkdfStreaming(
            Vectors.dek().toByteArray(), "HmacSha256", 32, header.segmentSize(), 0);
    byte[] associatedData = HexFormat.of().parseHex(Vectors.text(vector, "associated_data"));
    InputStream body =
        new ByteArrayInputStream(Arrays.copyOfRange(file, header.size(), file.length));
    try (InputStream plaintext = tink.newDecryptingStream(body, associatedData)) {
      assertArrayEquals(
          Vectors.plaintext(vector.get("plaintext_size").getAsInt()), plaintext.readAllBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("refused")
  void readers_refuseForTheReason(JsonObject vector) throws IOException {
    byte[] file = Vectors.changed(vector);
    Map<String, String> context = Vectors.context();
    if (vector.has("encryption_context")) {
      context =
          vector.get("encryption_context").isJsonNull()
              ? null
              : Vectors.pairs(vector.getAsJsonObject("encryption_context"));
    }
    Map<String, String> given = context;
    Dek dek =
        vector.has("dek")
            ? Dek.adopt(HexFormat.of().parseHex(Vectors.text(vector, "dek")))
            : Vectors.dek();
    RecordingException stream =
        assertThrows(RecordingException.class, () -> streamed(file, dek, given, false));
    RecordingException seek =
        assertThrows(RecordingException.class, () -> sought(file, dek, given, false));
    assertEquals(Vectors.text(vector, "reason"), stream.reason().name());
    assertEquals(Vectors.text(vector, "reason"), seek.reason().name());
  }

  @ParameterizedTest
  @MethodSource("recovered")
  void recovery_givesTheWholeSegments(JsonObject vector) throws IOException {
    byte[] file = Vectors.changed(vector);
    byte[] plaintext = Vectors.plaintext(vector.get("plaintext_size").getAsInt());
    assertArrayEquals(plaintext, streamed(file, Vectors.dek(), Vectors.context(), true));
    assertArrayEquals(plaintext, sought(file, Vectors.dek(), Vectors.context(), true));
    try (RecordingReader reader =
        RecordingReader.recover(new Memory(file), Vectors.dek(), Vectors.context())) {
      assertFalse(reader.isComplete());
    }
  }

  /** {@code KEYBROKER_FILES} is a folder of recordings that other clients wrote. */
  @Test
  @EnabledIfEnvironmentVariable(named = "KEYBROKER_FILES", matches = ".+")
  void filesOfOtherClients_areRead_andOneIsWrittenForThem() throws IOException {
    Path folder = Path.of(System.getenv("KEYBROKER_FILES"));
    byte[] plaintext = Vectors.plaintext(200_000);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.readAllBytes(file);
        assertArrayEquals(
            plaintext, streamed(bytes, Vectors.dek(), Vectors.context(), false), file.toString());
        assertArrayEquals(plaintext, sought(bytes, Vectors.dek(), null, false), file.toString());
      }
    }
    try (RecordingWriter writer =
        new RecordingWriter(
            Files.newOutputStream(folder.resolve("java.kbr")),
            Vectors.header(Vectors.named("all fields")),
            Vectors.dek())) {
      writer.write(plaintext);
    }
  }

  @Test
  void envelope_exchanged_leavesTheBodyReadable() throws IOException {
    byte[] file = Vectors.written(Vectors.named("three segments"));
    RecordingHeader header = RecordingHeader.read(new ByteArrayInputStream(file));
    byte[] moved =
        header.withWrappedDek("tenants/acme/keystores/archive", new byte[1024]).toByteArray();
    byte[] rewrapped = Arrays.copyOf(moved, moved.length + file.length - header.size());
    System.arraycopy(file, header.size(), rewrapped, moved.length, file.length - header.size());
    assertArrayEquals(
        streamed(file, Vectors.dek(), null, false), sought(rewrapped, Vectors.dek(), null, false));
  }

  private static byte[] streamed(byte[] file, Dek dek, Map<String, String> context, boolean recover)
      throws IOException {
    InputStream in = new ByteArrayInputStream(file);
    RecordingHeader header = RecordingHeader.read(in);
    try (InputStream plaintext =
        recover
            ? RecordingStream.recovering(in, header, dek, context)
            : new RecordingStream(in, header, dek, context)) {
      ByteArrayOutputStream transferred = new ByteArrayOutputStream();
      // Some by reading, and the rest at once.
      transferred.write(plaintext.readNBytes(100));
      plaintext.transferTo(transferred);
      assertEquals(-1, plaintext.read());
      return transferred.toByteArray();
    }
  }

  private static byte[] sought(byte[] file, Dek dek, Map<String, String> context, boolean recover)
      throws IOException {
    try (RecordingReader reader =
        recover
            ? RecordingReader.recover(new Memory(file), dek, context)
            : RecordingReader.open(new Memory(file), dek, context)) {
      return java.nio.channels.Channels.newInputStream(reader).readAllBytes();
    }
  }
}
