package dev.keybroker.cli;

import dev.keybroker.client.Dek;
import dev.keybroker.client.KeyBrokerClient;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/** Replaces a recording by one with another wrapped DEK. Thread-safe for different files. */
final class RewrappedFile {
  private static final int START = 8;

  private final KeyBrokerClient client;
  private final String destination;
  private final Map<String, String> context;
  private final boolean check;
  private final Duration minAge;

  /** What happened to a file. */
  enum Result {
    REWRAPPED,
    /** It is under the ACTIVE KEK already. */
    CURRENT
  }

  RewrappedFile(
      KeyBrokerClient client,
      String destination,
      Map<String, String> context,
      boolean check,
      Duration minAge) {
    this.client = client;
    this.destination = destination;
    this.context = context;
    this.check = check;
    this.minAge = minAge;
  }

  static boolean isRecording(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return RecordingHeader.isRecording(in.readNBytes(START));
    }
  }

  /**
   * @param line receives the KEKs
   */
  Result run(Path path, Json line) throws IOException {
    Path file = path.toRealPath();
    BasicFileAttributes before = Files.readAttributes(file, BasicFileAttributes.class);
    if (before.isOther()) {
      // To open a pipe would wait for its other end.
      throw new FileSystemException(path.toString(), null, "not a regular file");
    }
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      RecordingHeader header = RecordingHeader.read(Channels.newInputStream(in));
      String keystore = destination == null ? header.keystore() : destination;
      line.put("from", kek(header));
      if (kek(header).equals(client.activeKek(keystore))) {
        return Result.CURRENT;
      }
      if (before.lastModifiedTime().toInstant().isAfter(Instant.now().minus(minAge))) {
        throw new FileSystemException(
            path.toString(),
            null,
            "it was changed just now, and a recorder may still write to it (see --min-age)");
      }
      RecordingHeader moved = client.rewrap(header, context, destination);
      line.put("to", kek(moved));
      try (NewFile replacement = new NewFile(file, true)) {
        replacement.write(moved.toByteArray());
        copyBody(in, header.size(), before.size(), replacement.channel());
        copyAttributes(file, before, replacement.temporary());
        if (check) {
          check(replacement.temporary(), moved);
        }
        BasicFileAttributes after = Files.readAttributes(file, BasicFileAttributes.class);
        if (after.size() != before.size()
            || !after.lastModifiedTime().equals(before.lastModifiedTime())
            || !Objects.equals(after.fileKey(), before.fileKey())) {
          throw new FileSystemException(
              path.toString(), null, "it was changed while it was copied, and is left as it is");
        }
        replacement.complete();
      }
      return Result.REWRAPPED;
    }
  }

  private static String kek(RecordingHeader header) {
    return header.kek().orElse("(not named)");
  }

  private static void copyBody(FileChannel in, long from, long to, FileChannel out)
      throws IOException {
    long position = from;
    while (position < to) {
      long part = in.transferTo(position, to - position, out);
      if (part <= 0) {
        throw new EOFException("the file became shorter while it was copied");
      }
      position += part;
    }
  }

  /** Retention goes by the time of the last change, so the time stays. */
  private static void copyAttributes(Path from, BasicFileAttributes before, Path to)
      throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(to, PosixFileAttributeView.class);
    if (view != null) {
      PosixFileAttributes old = Files.readAttributes(from, PosixFileAttributes.class);
      PosixFileAttributes fresh = view.readAttributes();
      if (!fresh.owner().equals(old.owner())) {
        view.setOwner(old.owner());
      }
      if (!fresh.group().equals(old.group())) {
        view.setGroup(old.group());
      }
      view.setPermissions(old.permissions());
    }
    Files.getFileAttributeView(to, BasicFileAttributeView.class)
        .setTimes(before.lastModifiedTime(), null, null);
  }

  /** Compares the check value and authenticates the last segment. */
  private void check(Path file, RecordingHeader header) throws IOException {
    try (Dek dek = client.unwrap(header, context);
        RecordingReader reader = RecordingReader.open(Files.newByteChannel(file), dek, context)) {
      reader.size();
    }
  }
}
