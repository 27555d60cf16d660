package dev.keybroker.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The test vectors of the specification. */
final class Vectors {
  private static final HexFormat HEX = HexFormat.of();
  private static final JsonObject FILE = file();

  private Vectors() {}

  private static JsonObject file() {
    try {
      return JsonParser.parseString(
              Files.readString(Path.of("../vectors/recording-container.json")))
          .getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The vectors of a list: {@code files}, {@code refused} or {@code recovered}. */
  static Stream<JsonObject> of(String list) {
    return StreamSupport.stream(FILE.getAsJsonArray(list).spliterator(), false)
        .map(JsonElement::getAsJsonObject);
  }

  static JsonObject named(String name) {
    return of("files").filter(it -> text(it, "name").equals(name)).findFirst().orElseThrow();
  }

  static String text(JsonObject vector, String field) {
    return vector.get(field).getAsString();
  }

  static Dek dek() {
    return Dek.adopt(HEX.parseHex(text(FILE, "dek")));
  }

  static Map<String, String> pairs(JsonObject object) {
    Map<String, String> pairs = new LinkedHashMap<>();
    object.entrySet().forEach(it -> pairs.put(it.getKey(), it.getValue().getAsString()));
    return pairs;
  }

  static Map<String, String> context() {
    return pairs(FILE.getAsJsonObject("encryption_context"));
  }

  static byte[] plaintext(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (i + (i >> 8) + (i >> 16));
    }
    return bytes;
  }

  static RecordingHeader header(JsonObject vector) {
    RecordingHeader.Builder header =
        RecordingHeader.builder(text(FILE, "keystore"), HEX.parseHex(text(FILE, "wrapped_dek")))
            .segmentSize(FILE.get("segment_size").getAsInt())
            .created(Instant.ofEpochMilli(FILE.get("created_millis").getAsLong()))
            .context(context())
            .metadata(pairs(vector.getAsJsonObject("metadata")));
    if (!vector.get("media_type").isJsonNull()) {
      header.mediaType(text(vector, "media_type"));
    }
    if (vector.get("hide_context").getAsBoolean()) {
      header.hideContext();
    }
    return header.build(dek());
  }

  /** The file, written with the vector's salt and nonce prefix. */
  static byte[] written(JsonObject vector) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (RecordingWriter writer =
        new RecordingWriter(
            out,
            header(vector),
            dek(),
            HEX.parseHex(text(vector, "salt")),
            HEX.parseHex(text(vector, "nonce_prefix")))) {
      writer.write(plaintext(vector.get("plaintext_size").getAsInt()));
    }
    return out.toByteArray();
  }

  /** The file after the changes of a vector: segments, put, keep, append. */
  static byte[] changed(JsonObject vector) throws IOException {
    byte[] file = written(named(text(vector, "of")));
    if (vector.has("segments")) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(file, 0, headerSize(file));
      for (JsonElement each : vector.getAsJsonArray("segments")) {
        JsonArray segment = each.getAsJsonArray();
        byte[] source = written(named(segment.get(0).getAsString()));
        int size = FILE.get("segment_size").getAsInt();
        int start = headerSize(source) + segment.get(1).getAsInt() * size;
        out.write(source, start, Math.min(size, source.length - start));
      }
      file = out.toByteArray();
    }
    if (vector.has("put")) {
      for (JsonElement each : vector.getAsJsonArray("put")) {
        byte[] value = HEX.parseHex(each.getAsJsonArray().get(1).getAsString());
        System.arraycopy(value, 0, file, each.getAsJsonArray().get(0).getAsInt(), value.length);
      }
    }
    if (vector.has("keep")) {
      file = Arrays.copyOf(file, vector.get("keep").getAsInt());
    }
    if (vector.has("append")) {
      byte[] tail = HEX.parseHex(text(vector, "append"));
      file = Arrays.copyOf(file, file.length + tail.length);
      System.arraycopy(tail, 0, file, file.length - tail.length, tail.length);
    }
    return file;
  }

  private static int headerSize(byte[] file) throws IOException {
    return RecordingHeader.read(new ByteArrayInputStream(file)).size();
  }
}
