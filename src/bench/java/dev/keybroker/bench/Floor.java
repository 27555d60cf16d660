package dev.keybroker.bench;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The no-op rpc on plain grpc-java, as a process on the server's core: Netty with one event loop,
/// `directExecutor`, and neither Quarkus nor an interceptor.
final class Floor implements Wire.Target, AutoCloseable {
  private static final int START_ATTEMPTS = 600;

  private final Process process;
  private final int port;

  private Floor(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static Floor start(Path folder) throws IOException, InterruptedException {
    Path file = folder.resolve("floor-port");
    Process process =
        Cores.SERVER.java(
            List.of(
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                Floor.class.getName(),
                file.toAbsolutePath().toString()),
            folder.resolve("floor.log").toFile());
    for (int attempt = 0; attempt < START_ATTEMPTS && !Files.exists(file); attempt++) {
      if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
        throw new IOException(Files.readString(folder.resolve("floor.log")));
      }
    }
    return new Floor(process, Integer.parseInt(Files.readString(file)));
  }

  /// Serves until the process ends.
  ///
  /// @param args the file that receives the port
  public static void main(String[] args) throws IOException, InterruptedException {
    NioEventLoopGroup loop = new NioEventLoopGroup(1);
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .channelType(NioServerSocketChannel.class)
            .directExecutor()
            .addService(EchoGrpc.bindService(new NoOp()))
            .build()
            .start();
    Path partial = Path.of(args[0] + ".partial");
    try (PrintStream out = new PrintStream(partial.toFile())) {
      out.print(server.getPort());
    }
    Files.move(partial, Path.of(args[0]));
    server.awaitTermination();
  }

  private static final class NoOp implements EchoGrpc.AsyncService {
    @Override
    public void echo(EchoRequest request, StreamObserver<EchoResponse> answer) {
      answer.onNext(EchoService.answer(request));
      answer.onCompleted();
    }
  }

  @Override
  public String origin() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public boolean speaksTls() {
    return false;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
