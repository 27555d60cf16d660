package dev.keybroker.embedded.kms;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// Runs a [LocalKms] as a separate process: `[--host ADDRESS] [--port PORT]
/// [--state FILE]`. Prints the
/// endpoint as one line, and stops on SIGTERM.
public final class LocalKmsMain {

  private LocalKmsMain() {}

  /// Runs until the process receives a signal to stop.
  public static void main(String[] args) throws InterruptedException {
    LocalKmsOptions options = LocalKmsOptions.inMemory();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options =
          switch (args[i]) {
            case "--host" -> options.withHost(InetAddress.ofLiteral(args[i + 1]));
            case "--port" -> options.withPort(Integer.parseInt(args[i + 1]));
            case "--state" -> options.withStateFile(Path.of(args[i + 1]));
            default -> throw new IllegalArgumentException("unknown option " + args[i]);
          };
    }
    if (args.length % 2 != 0) {
      throw new IllegalArgumentException(args[args.length - 1] + " has no value");
    }
    LocalKms kms = LocalKms.start(options);
    Runtime.getRuntime().addShutdownHook(new Thread(kms::close));
    System.out.println(kms.endpoint());
    new CountDownLatch(1).await();
  }
}
