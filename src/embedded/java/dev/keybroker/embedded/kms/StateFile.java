package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps the state over a restart, in one JSON file that only its owner may read (mode 600).
///
/// The file holds the material of the local KMS keys in plaintext: it stands in for the HSMs of AWS
/// KMS. A write replaces it as a whole, so that a crash leaves the old or the new state.
final class StateFile {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .addModule(
              new SimpleModule()
                  .addSerializer(Instant.class, new InstantAsText())
                  .addDeserializer(Instant.class, new InstantFromText()))
          .build();

  private final Path path;

  StateFile(Path path) {
    this.path = path.toAbsolutePath();
  }

  /// The saved state; null if there is none yet.
  @Nullable Snapshot read() {
    try {
      return Files.exists(path) ? MAPPER.readValue(path.toFile(), Snapshot.class) : null;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the state of the local KMS from " + path, e);
    }
  }

  void write(Snapshot snapshot) {
    try {
      Path folder = path.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Path next = path.resolveSibling(path.getFileName() + ".next");
      Files.deleteIfExists(next);
      try (FileChannel out =
          FileChannel.open(
              next, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly())) {
        ByteBuffer content = ByteBuffer.wrap(MAPPER.writeValueAsBytes(snapshot));
        while (content.hasRemaining()) {
          out.write(content);
        }
        out.force(true);
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the state of the local KMS to " + path, e);
    }
  }

  private static FileAttribute<?>[] ownerOnly() {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private static final class InstantAsText extends StdSerializer<Instant> {
    private static final long serialVersionUID = 1L;

    InstantAsText() {
      super(Instant.class);
    }

    @Override
    public void serialize(Instant value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeString(value.toString());
    }
  }

  private static final class InstantFromText extends StdDeserializer<Instant> {
    private static final long serialVersionUID = 1L;

    InstantFromText() {
      super(Instant.class);
    }

    @Override
    public Instant deserialize(JsonParser in, DeserializationContext context) throws IOException {
      return Instant.parse(in.getText());
    }
  }
}
