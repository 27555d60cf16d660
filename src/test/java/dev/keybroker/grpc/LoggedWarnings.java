package dev.keybroker.grpc;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// What the broker in this process logs as a warning or worse, or with a stack trace.
final class LoggedWarnings extends Handler {
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();

  private LoggedWarnings() {}

  static List<LogRecord> during(Runnable work) {
    LoggedWarnings logged = new LoggedWarnings();
    Logger root = Logger.getLogger("");
    root.addHandler(logged);
    try {
      work.run();
    } finally {
      root.removeHandler(logged);
    }
    return List.copyOf(logged.records);
  }

  @Override
  public void publish(LogRecord record) {
    if (record.getThrown() != null || record.getLevel().intValue() >= Level.WARNING.intValue()) {
      records.add(record);
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
