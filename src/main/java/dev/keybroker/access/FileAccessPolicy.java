package dev.keybroker.access;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The policy of a file that is read periodically. If the file is broken or missing, its last valid
/// policy stays in force, and the log and the metrics report it.
public final class FileAccessPolicy implements AccessPolicy {
  private static final Logger LOG = Logger.getLogger(FileAccessPolicy.class);

  private final Path file;
  private final Clock clock;
  private final Counter failures;

  private volatile Grants inForce;
  private volatile Instant lastGood;
  private byte[] content;
  private @Nullable String failure;

  /// Reads the file for the first time. The file must exist and be valid.
  public FileAccessPolicy(Path file, Clock clock, MeterRegistry registry)
      throws AccessFileException {
    this.file = file;
    this.clock = clock;
    this.content = read(file);
    this.inForce = AccessFile.grants(content);
    this.lastGood = clock.instant();
    this.failures = registry.counter(Metrics.ACCESS_FILE_FAILURES);
    Gauge.builder(Metrics.ACCESS_FILE_AGE, this, FileAccessPolicy::ageInSeconds)
        .baseUnit("seconds")
        .register(registry);
    logInForce();
  }

  @Override
  public boolean allows(Caller caller, Permission permission, Target target) {
    return inForce.allows(caller, permission, target);
  }

  @Override
  public Reach reach(Caller caller, Permission permission) {
    return inForce.reach(caller, permission);
  }

  /// Reads the file again and puts its policy in force. Reports a failure by log and metric, each
  /// kind once.
  @Override
  public synchronized void reload() {
    try {
      byte[] read = read(file);
      boolean changed = !Arrays.equals(read, content);
      if (changed) {
        inForce = AccessFile.grants(read);
        content = read;
      }
      lastGood = clock.instant();
      if (changed || failure != null) {
        failure = null;
        logInForce();
      }
    } catch (AccessFileException e) {
      failures.increment();
      String message = String.valueOf(e.getMessage());
      if (!message.equals(failure)) {
        failure = message;
        LOG.errorf("Access file %s is refused, the previous one stays in force: %s", file, message);
      }
    }
  }

  private double ageInSeconds() {
    return Duration.between(lastGood, clock.instant()).toMillis() / 1_000.0;
  }

  private void logInForce() {
    LOG.infof(
        "Access file %s is in force: %d callers, SHA-256 %s",
        file, inForce.callers(), sha256(content));
  }

  private static byte[] read(Path file) throws AccessFileException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(AccessFile.MAX_BYTES + 1);
    } catch (IOException e) {
      throw new AccessFileException("cannot be read: " + e.getClass().getSimpleName());
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
