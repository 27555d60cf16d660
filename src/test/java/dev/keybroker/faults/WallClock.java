package dev.keybroker.faults;

import dev.keybroker.PackagedBroker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/// The wall clock of one broker's process, which can be set. Linux with a C compiler.
final class WallClock {
  private static final Path SOURCE = Path.of("src/test/c/clock.c").toAbsolutePath();

  private final Path library;
  private final Path offset;

  /// @param folder for the library and its setting
  WallClock(Path folder) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    library = folder.resolve("clock.so").toAbsolutePath();
    offset = folder.resolve("offset").toAbsolutePath();
    Process compiler =
        new ProcessBuilder(
                "gcc", "-O2", "-shared", "-fPIC", "-o", library + "", SOURCE + "", "-ldl")
            .redirectErrorStream(true)
            .start();
    String said = new String(compiler.getInputStream().readAllBytes());
    if (compiler.waitFor() != 0) {
      throw new IOException(said);
    }
    jump(Duration.ZERO);
  }

  static boolean isToBeHad() {
    return Files.isExecutable(Path.of("/usr/bin/gcc"));
  }

  /// Gives a broker this clock.
  PackagedBroker.Launch of(PackagedBroker.Launch launch) {
    return launch
        .environment("LD_PRELOAD", library.toString())
        .environment("CLOCK_OFFSET_FILE", offset.toString());
  }

  /// Sets it to so much later, or earlier, than it is.
  void jump(Duration by) throws IOException {
    ByteBuffer seconds =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, by.toSeconds());
    try (FileChannel file =
        FileChannel.open(offset, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(seconds);
    }
  }
}
