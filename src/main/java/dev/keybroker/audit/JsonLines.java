package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Writes records as JSON lines on its own thread. If a slow reader leaves no room, lines are lost
/// and counted; the chain still has the records.
public final class JsonLines implements AuditStream {
  private static final Logger LOG = Logger.getLogger(JsonLines.class);
  private static final int QUEUE = 20_000;
  private static final int BUFFER = 64 * 1024;
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(2);

  /// Marks the end of the stream.
  private enum End implements Supplier<String> {
    END;

    @Override
    public String get() {
      return "";
    }
  }

  private final BlockingQueue<Supplier<String>> lines = new ArrayBlockingQueue<>(QUEUE);
  private final OutputStream out;
  private final Counter lost;
  private final Thread thread;

  // Used only by the writing thread.
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(BUFFER);
  private int held;
  private boolean failing;

  JsonLines(OutputStream out, MeterRegistry registry) {
    this.out = out;
    this.lost = registry.counter(Metrics.AUDIT_STREAM_LOST);
    this.thread = Thread.ofPlatform().name("audit-stream").daemon().start(this::run);
  }

  /// Opens the stream that `keybroker.audit.stream` names: `off`, `stdout` or `file:` and a path,
  /// which is appended to.
  public static AuditStream of(String target, MeterRegistry registry) {
    if (target.equals("off")) {
      return NONE;
    }
    if (target.equals("stdout")) {
      return new JsonLines(new FileOutputStream(FileDescriptor.out), registry);
    }
    if (target.startsWith("file:")) {
      Path file = Path.of(target.substring("file:".length()));
      try {
        return new JsonLines(
            Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
            registry);
      } catch (IOException e) {
        throw new UncheckedIOException("keybroker.audit.stream: " + file + " cannot be written", e);
      }
    }
    throw new IllegalArgumentException(
        "keybroker.audit.stream is neither off, nor stdout, nor file: and a path");
  }

  @Override
  public void committed(List<ChainedRecord> records) {
    for (ChainedRecord record : records) {
      offer(() -> AuditJson.record(record));
    }
  }

  @Override
  public void lost(AuditEvent event) {
    offer(() -> AuditJson.lost(event));
  }

  @Override
  public void checkpoint(UUID chain, ChainHead head, Instant time) {
    offer(() -> AuditJson.checkpoint(chain, head, time));
  }

  private void offer(Supplier<String> line) {
    if (!lines.offer(line)) {
      lost.increment();
    }
  }

  private void run() {
    try {
      for (Supplier<String> line = next(); line != End.END; line = next()) {
        write(line);
      }
      flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Flushes if there is nothing to write at the moment.
  private Supplier<String> next() throws InterruptedException {
    Supplier<String> line = lines.poll();
    if (line == null) {
      flush();
      line = lines.take();
    }
    return line;
  }

  private void write(Supplier<String> line) {
    try {
      buffer.writeBytes((line.get() + "\n").getBytes(UTF_8));
      held++;
    } catch (RuntimeException | Error e) {
      lost.increment();
      LOG.error("an audit record could not be written as JSON", e);
    }
    if (buffer.size() >= BUFFER) {
      flush();
    }
  }

  /// Lines that a full disk or a closed pipe does not accept are lost. The stream continues with
  /// later lines, on a new line.
  private void flush() {
    if (held == 0) {
      return;
    }
    try {
      if (failing) {
        out.write('\n');
      }
      buffer.writeTo(out);
      out.flush();
      if (failing) {
        failing = false;
        LOG.info("the audit stream is written again");
      }
    } catch (IOException | RuntimeException | Error e) {
      lost.increment(held);
      if (!failing) {
        failing = true;
        LOG.errorf("the audit stream cannot be written; records are missing in it: %s", e);
      }
    } finally {
      buffer.reset();
      held = 0;
    }
  }

  @Override
  public void close() {
    if (lines.offer(End.END)) {
      try {
        thread.join(LONGEST_CLOSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
