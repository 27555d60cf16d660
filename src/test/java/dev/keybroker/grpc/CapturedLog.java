package dev.keybroker.grpc;

import java.util.Objects;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// What is logged from INFO on, and from DEBUG on by the broker itself.
final class CapturedLog extends Handler {
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger BROKER = Logger.getLogger("dev.keybroker");

  private final StringBuilder text = new StringBuilder();

  static CapturedLog open() {
    CapturedLog log = new CapturedLog();
    log.setLevel(Level.ALL);
    ROOT.addHandler(log);
    BROKER.setLevel(Level.ALL);
    return log;
  }

  synchronized String text() {
    return text.toString();
  }

  @Override
  public synchronized void publish(LogRecord record) {
    text.append(record.getLoggerName()).append(' ').append(record.getMessage());
    for (Object parameter : Objects.requireNonNullElse(record.getParameters(), new Object[0])) {
      text.append(' ').append(parameter);
    }
    text.append(' ').append(record.getThrown()).append('\n');
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    BROKER.setLevel(null);
    ROOT.removeHandler(this);
  }
}
