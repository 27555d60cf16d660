package dev.keybroker.client;

import static dev.keybroker.fuzz.Property.holds;

import dev.keybroker.fuzz.Seeds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;

/// A header is read from its own bytes and no others, and is what it prints as; a writer that is
/// given what it says writes the same bytes. Anything else is a refusal with `FORMAT` or `VERSION`.
public final class RecordingHeaderFuzz {
  private static final Dek DEK = Dek.adopt(new byte[32]);

  private RecordingHeaderFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add("plain", header(Map.of("recording", "r-1"), Map.of(), false));
    Seeds.add("hidden", header(Map.of("a", "", "é", "𝄞"), Map.of(), true));
    Seeds.add("metadata", header(Map.of(), Map.of("agent", "x", "queue", "y"), false));
  }

  private static byte[] header(
      Map<String, String> context, Map<String, String> metadata, boolean hidden) {
    RecordingHeader.Builder header =
        RecordingHeader.builder("tenants/acme/keystores/calls", new byte[40])
            .created(Instant.EPOCH)
            .context(context)
            .metadata(metadata)
            .mediaType("audio/wav");
    return (hidden ? header.hideContext() : header).build(DEK).toByteArray();
  }

  public static void fuzzerTestOneInput(byte[] input) {
    ByteArrayInputStream in = new ByteArrayInputStream(input);
    RecordingHeader header;
    try {
      header = RecordingHeader.read(in);
    } catch (RecordingException e) {
      holds(
          e.reason() == RecordingException.Reason.FORMAT
              || e.reason() == RecordingException.Reason.VERSION,
          "refused for another reason");
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    holds(RecordingHeader.isRecording(input), "a header without its magic");
    holds(header.size() == input.length - in.available(), "read more or less than its size");
    byte[] bytes = header.toByteArray();
    holds(Arrays.equals(bytes, Arrays.copyOf(input, header.size())), "prints otherwise");
    written(header, bytes);
  }

  /// The same by the writer, except for the check value, which only the DEK gives.
  private static void written(RecordingHeader header, byte[] bytes) {
    if (header.context().isEmpty()) {
      return;
    }
    RecordingHeader.Builder writer =
        RecordingHeader.builder(header.keystore(), header.wrappedDek())
            .segmentSize(header.segmentSize())
            .created(header.created())
            .context(header.context().get())
            .metadata(header.metadata());
    header.mediaType().ifPresent(writer::mediaType);
    byte[] again = writer.build(DEK).toByteArray();
    int end = header.associatedData().length;
    Arrays.fill(again, end - 32, end, (byte) 0);
    byte[] read = bytes.clone();
    Arrays.fill(read, end - 32, end, (byte) 0);
    holds(Arrays.equals(read, again), "a writer writes otherwise");
  }
}
