package dev.keybroker.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A file that appears under its name only when it is complete and on disk. Until then it is a
 * temporary file in the same folder, which is deleted if the file is not completed. A process that
 * is killed with SIGKILL leaves the temporary file behind.
 */
final class NewFile implements AutoCloseable {
  private static final String PREFIX = ".keybroker.";
  private static final String SUFFIX = ".tmp";

  /** Guards the set, and the moments in which a temporary file appears and gets its name. */
  private static final ReentrantLock LOCK = new ReentrantLock();

  private static final Set<Path> TEMPORARY = new HashSet<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(NewFile::deleteAll, "temporary files"));
  }

  private final Path target;
  private final Path temporary;
  private final boolean replace;
  private final FileChannel channel;

  /** Fails if the file exists, unless it may be replaced. */
  NewFile(Path target, boolean replace) throws IOException {
    if (Files.isDirectory(target)) {
      throw new FileSystemException(target.toString(), null, "it is a folder");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new FileSystemException(
          target.toString(), null, "not a regular file; use - and the shell's > instead");
    }
    if (!replace && Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    // A link stays a link: what it points to is replaced.
    this.target = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
    this.replace = replace;
    // Not made from the target's name, which can be too long already, or not of Java's charset.
    this.temporary = this.target.resolveSibling(PREFIX + UUID.randomUUID() + SUFFIX);
    LOCK.lock();
    try {
      this.channel = open(temporary, target);
      TEMPORARY.add(temporary);
    } finally {
      LOCK.unlock();
    }
  }

  /** Whether a file is one that another process writes now, or left behind. */
  static boolean isTemporary(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
  }

  /** A failure names the file that the user named. */
  private static FileChannel open(Path temporary, Path target) throws IOException {
    try {
      return FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      throw new FileSystemException(target.toString(), null, "its folder does not exist");
    } catch (FileSystemException e) {
      throw new FileSystemException(
          target.toString(), null, "it cannot be created: " + Keybroker.text(e));
    }
  }

  /** Keeps the lock: threads that still run make no other file until the process has ended. */
  private static void deleteAll() {
    LOCK.lock();
    for (Path file : TEMPORARY) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        // The name shows what it is.
      }
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
    LOCK.lock();
    try {
      if (replace) {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } else {
        nameIfFree();
      }
      TEMPORARY.remove(temporary);
    } finally {
      LOCK.unlock();
    }
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
    LOCK.lock();
    try {
      if (TEMPORARY.remove(temporary)) {
        Files.deleteIfExists(temporary);
      }
    } finally {
      LOCK.unlock();
    }
  }
}
