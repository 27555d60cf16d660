package dev.keybroker.boot;

import io.quarkus.logging.LoggingFilter;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Completes what Quarkus logs at the start: names the address of the gRPC server, and leaves out
/// warnings of a blocked event loop until the broker serves. Until then the loop builds the server,
/// and nothing waits for it.
@LoggingFilter(name = "start")
public final class StartLog implements Filter {
  private static final String QUARKUS = "io.quarkus";
  private static final String BLOCKED_THREADS = "io.vertx.core.impl.BlockedThreadChecker";
  private static final String ADDRESSES = "Listening on: ";

  private final String address;
  private volatile boolean serving;

  public StartLog(
      @ConfigProperty(name = "quarkus.grpc.server.host", defaultValue = "0.0.0.0") String host,
      @ConfigProperty(name = "quarkus.grpc.server.port", defaultValue = "9000") int port) {
    this.address = "gRPC " + host + ":" + port;
  }

  @Override
  public boolean isLoggable(LogRecord record) {
    if (serving) {
      return true;
    }
    if (QUARKUS.equals(record.getLoggerName())) {
      complete(record.getParameters());
    }
    return !BLOCKED_THREADS.equals(record.getLoggerName());
  }

  /// Quarkus names HTTP servers only. Production has none, apart from the management interface.
  private void complete(Object[] parameters) {
    for (int i = 0; parameters != null && i < parameters.length; i++) {
      if (parameters[i] instanceof String text && text.startsWith(ADDRESSES)) {
        String others = text.substring(ADDRESSES.length());
        parameters[i] = ADDRESSES + address + (others.startsWith(".") ? "" : " and ") + others;
        serving = true;
      }
    }
  }
}
