package dev.keybroker.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that appears under its name only when it is complete and on disk. Until then it is a
 * temporary file in the same folder, which is deleted if the file is not completed. A process that
 * is killed with SIGKILL leaves the temporary file behind.
 */
final class NewFile implements AutoCloseable {
  private static final Set<Path> TEMPORARY = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> TEMPORARY.forEach(NewFile::deleteQuietly), "temporary files"));
  }

  private final Path target;
  private final Path temporary;
  private final boolean replace;
  private final FileChannel channel;

  /** Fails if the file exists, unless it may be replaced. */
  NewFile(Path target, boolean replace) throws IOException {
    if (!replace && Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new FileSystemException(target.toString(), null, "not a regular file");
    }
    // A link stays a link: what it points to is replaced.
    this.target = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    this.replace = replace;
    this.temporary =
        this.target.resolveSibling(
            "." + this.target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    this.channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    TEMPORARY.add(temporary);
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The name shows what it is.
    }
  }

  Path temporary() {
    return temporary;
  }

  FileChannel channel() {
    return channel;
  }

  OutputStream stream() {
    return Channels.newOutputStream(channel);
  }

  void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** Puts the file on disk and gives it its name. */
  void complete() throws IOException {
    channel.force(true);
    channel.close();
    if (replace) {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } else {
      nameIfFree();
    }
    TEMPORARY.remove(temporary);
    try (FileChannel folder = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    } catch (IOException e) {
      // Windows opens no folders.
    }
  }

  /** A link fails if the name was taken meanwhile. A file system without links gets a move. */
  private void nameIfFree() throws IOException {
    try {
      Files.createLink(target, temporary);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.move(temporary, target);
      return;
    }
    Files.delete(temporary);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    if (TEMPORARY.remove(temporary)) {
      Files.deleteIfExists(temporary);
    }
  }
}
