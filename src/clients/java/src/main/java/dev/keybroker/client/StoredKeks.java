package dev.keybroker.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.Properties;
import java.util.Set;

/**
 * Public KEKs in a folder, one file for each keystore, so that a process that was just started can
 * wrap while the brokers are away. A KEK decides who can read recordings: only the user of this
 * process may write to the folder.
 */
final class StoredKeks {
  private final Path folder;

  /** Creates the folder if it does not exist. */
  StoredKeks(Path folder) throws IOException {
    this.folder = folder;
    if (Files.notExists(folder)) {
      Files.createDirectories(folder);
      if (Files.getFileAttributeView(folder, PosixFileAttributeView.class) != null) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
    }
    PosixFileAttributeView view = Files.getFileAttributeView(folder, PosixFileAttributeView.class);
    if (view != null) {
      Set<PosixFilePermission> permissions = view.readAttributes().permissions();
      if (permissions.contains(PosixFilePermission.OTHERS_WRITE)
          || permissions.contains(PosixFilePermission.GROUP_WRITE)) {
        throw new IOException(
            folder + ": other users can write to the folder of public KEKs; chmod go-w");
      }
    }
  }

  private Path file(String keystore) {
    return folder.resolve(keystore.replace('/', '.') + ".properties");
  }

  /** Returns null if there is none that can be used. */
  PublicKek load(String keystore, Instant now) {
    Properties stored = new Properties();
    try (InputStream in = Files.newInputStream(file(keystore))) {
      stored.load(in);
      PublicKek kek =
          new PublicKek(
              stored.getProperty("kek", ""),
              KeyPairSpec.valueOf(stored.getProperty("spec", "")),
              Base64.getDecoder().decode(stored.getProperty("public_key", "")),
              Instant.parse(stored.getProperty("read", "")),
              Instant.parse(stored.getProperty("refresh", "")));
      // A time in the future would make it last longer than the bound.
      return kek.name().startsWith(keystore + "/keks/") && !kek.read().isAfter(now) ? kek : null;
    } catch (IOException | IllegalArgumentException | DateTimeParseException e) {
      return null;
    }
  }

  /** Recording goes on if the KEK cannot be stored. */
  void save(String keystore, PublicKek kek) {
    Properties stored = new Properties();
    stored.setProperty("kek", kek.name());
    stored.setProperty("spec", kek.spec().name());
    stored.setProperty("public_key", Base64.getEncoder().encodeToString(kek.spki()));
    stored.setProperty("read", kek.read().toString());
    stored.setProperty("refresh", kek.refresh().toString());
    Path file = file(keystore);
    try {
      Path temporary = Files.createTempFile(folder, "kek", ".tmp");
      try (OutputStream out = Files.newOutputStream(temporary)) {
        stored.store(out, null);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      warn("the public KEK could not be stored in ", e);
    }
  }

  void forget(String keystore) {
    try {
      Files.deleteIfExists(file(keystore));
    } catch (IOException e) {
      warn("the public KEK could not be deleted in ", e);
    }
  }

  private void warn(String text, IOException cause) {
    System.getLogger(StoredKeks.class.getName())
        .log(System.Logger.Level.WARNING, text + folder, cause);
  }
}
