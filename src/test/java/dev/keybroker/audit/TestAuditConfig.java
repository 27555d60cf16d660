package dev.keybroker.audit;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A configuration for tests.
record TestAuditConfig(Duration commitTimeout, int batch, int queue) implements AuditConfig {
  @Override
  public AuditMode wraps() {
    return AuditMode.ASYNC;
  }

  @Override
  public AuditMode unwraps() {
    return AuditMode.DURABLE;
  }

  @Override
  public AuditMode rewraps() {
    return AuditMode.DURABLE;
  }

  @Override
  public AuditMode controlPlane() {
    return AuditMode.DURABLE;
  }

  @Override
  public Optional<List<String>> loggableContextKeys() {
    return Optional.empty();
  }

  @Override
  public Optional<String> macKey() {
    return Optional.empty();
  }

  @Override
  public Duration checkpointEvery() {
    return Duration.ofMillis(50);
  }

  @Override
  public Optional<Duration> retention() {
    return Optional.empty();
  }

  @Override
  public Duration queryWindow() {
    return Duration.ofDays(31);
  }

  @Override
  public Duration queryTimeout() {
    return Duration.ofSeconds(5);
  }

  @Override
  public String stream() {
    return "off";
  }

  @Override
  public Duration shutdownTimeout() {
    return Duration.ofSeconds(2);
  }
}
