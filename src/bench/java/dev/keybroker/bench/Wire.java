package dev.keybroker.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekResponse;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One call as h2load makes it, over and over.
///
/// h2load does not read gRPC's status. A refusal has no message, so the bytes of the answers tell:
/// a load that got fewer of them than its calls are worth fails.
///
/// @param method `package.Service/Method`
/// @param answerSize of the answer's message in bytes
record Wire(String method, MessageLite request, int answerSize) {
  private static final Pattern FINISHED = Pattern.compile("finished in .*?, ([0-9.]+) req/s");
  private static final Pattern SUCCEEDED = Pattern.compile("(\\d+) succeeded, (\\d+) failed");
  private static final Pattern DATA = Pattern.compile("\\((\\d+)\\) data");
  private static final int ATTEMPTS = 3;
  private static final int FRAME_HEADER = 5;

  /// A server under load.
  interface Target {
    /// Where h2load finds it.
    String origin();

    boolean speaksTls();
  }

  /// The wrap that was answered so.
  static Wire wrap(String keystore, WrapDekResponse answer) {
    return new Wire(
        "keybroker.v1.KeyBroker/WrapDek",
        CheckedClient.wrapRequest(keystore),
        answer.getSerializedSize());
  }

  /// The unwrap of what that wrap answered.
  static Wire unwrap(String keystore, WrapDekResponse wrapped) {
    return new Wire(
        "keybroker.v1.KeyBroker/UnwrapDek",
        CheckedClient.unwrapRequest(keystore, wrapped.getWrappedDek()),
        UnwrapDekResponse.newBuilder()
            .setDek(wrapped.getDek())
            .setKek(wrapped.getKek())
            .build()
            .getSerializedSize());
  }

  /// The no-op call with messages of the same sizes.
  Wire echo() {
    EchoRequest.Builder echo = EchoRequest.newBuilder().setAnswerSize(payload(answerSize));
    int room = request.getSerializedSize() - echo.build().getSerializedSize();
    echo.setPayload(ByteString.copyFrom(new byte[payload(room)]));
    return new Wire("keybroker.bench.Echo/Echo", echo.build(), answerSize);
  }

  /// The payload that fills a message of one bytes field up to a size.
  private static int payload(int size) {
    return size - (size - 2 < 128 ? 2 : 3);
  }

  /// Loads the server and says what came of it.
  ///
  /// @param connections with `streams` calls under way on each
  Latencies load(Target on, int connections, int streams, double seconds, Path folder)
      throws IOException, InterruptedException {
    Path body = folder.resolve("request");
    Path log = folder.resolve("answers-" + method.replace('/', '.'));
    Files.deleteIfExists(log);
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(body))) {
      out.writeByte(0);
      out.writeInt(request.getSerializedSize());
      out.write(request.toByteArray());
    }
    String output = null;
    for (int attempt = 1; output == null; attempt++) {
      try {
        output =
            Cores.output(
                Cores.LOADER.command(h2load(on, connections, streams, seconds, body, log)));
      } catch (IOException failed) {
        if (attempt == ATTEMPTS) {
          throw failed;
        }
        System.err.println(failed.getMessage());
      }
    }
    long succeeded = number(SUCCEEDED, output, 1);
    long data = number(DATA, output, 1);
    long frame = answerSize + FRAME_HEADER;
    // Answers that were under way at the beginning count as requests alone, those after the end as
    // bytes alone.
    long slack = frame * connections * streams;
    if (succeeded == 0 || number(SUCCEEDED, output, 2) > 0 || data < succeeded * frame - slack) {
      throw new IOException(method + " was refused, or answered with another size:\n" + output);
    }
    if (on.speaksTls() && !output.contains("TLS Protocol: TLSv1.3")) {
      throw new IOException("not by TLS 1.3:\n" + output);
    }
    Matcher finished = FINISHED.matcher(output);
    if (!finished.find()) {
      throw new IOException(output);
    }
    return Latencies.of(Double.parseDouble(finished.group(1)), micros(log));
  }

  /// h2load 1.52 now and then never leaves its warm-up; it is ended then.
  private List<String> h2load(
      Target on, int connections, int streams, double seconds, Path body, Path log) {
    return List.of(
        "timeout",
        Math.round(30 + 2 * seconds) + "s",
        "h2load",
        "-t1",
        "-c" + connections,
        "-m" + streams,
        "-D" + Math.round(1000 * seconds) + "ms",
        "--warm-up-time=300ms",
        "--log-file=" + log,
        "-Hte: trailers",
        "-Hcontent-type: application/grpc",
        "-d" + body,
        on.origin() + "/" + method);
  }

  private static long number(Pattern pattern, String output, int group) throws IOException {
    Matcher matcher = pattern.matcher(output);
    if (!matcher.find()) {
      throw new IOException(output);
    }
    return Long.parseLong(matcher.group(group));
  }

  private static long[] micros(Path log) throws IOException {
    List<Long> micros = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      micros.add(Long.parseLong(line.substring(line.lastIndexOf('\t') + 1)));
    }
    return micros.stream().mapToLong(Long::longValue).toArray();
  }
}
