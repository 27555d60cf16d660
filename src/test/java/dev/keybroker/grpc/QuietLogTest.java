package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.boot.StartLog;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.postgres.HastySessions;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.hibernate.reactive.mutiny.Mutiny;
import org.junit.jupiter.api.Test;

/// What is in order leaves no warning in the log.
@QuarkusTest
@TestProfile(QuietLogTest.LogFile.class)
class QuietLogTest extends BrokerTestCase {
  private static final Path LOG = Path.of("target", "quiet-log-test.log").toAbsolutePath();
  private static final int LEAVING_CALLS = 5;
  private static final int ITEMS = 100;

  @Inject MeterRegistry meters;
  @Inject Mutiny.SessionFactory sessions;
  @Inject Vertx vertx;

  /// A file of what the console shows.
  public static final class LogFile implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.deleteIfExists(LOG);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return Map.of(
          "quarkus.log.file.enabled", "true",
          "quarkus.log.file.path", LOG.toString(),
          "quarkus.log.file.filter", "start",
          "quarkus.log.file.json.enabled", "false");
    }
  }

  @Test
  void start_namesTheGrpcPort_andWarnsOfNothingThatIsInOrder() throws Exception {
    List<String> lines = Files.readAllLines(LOG);
    int started = indexOf(lines, " started in ");
    String line = lines.get(started);
    assertTrue(line.contains("Listening on: gRPC 127.0.0.1:" + address.grpcPort() + "."), line);
    for (String noise :
        List.of("already registered", "gRPC interceptor found", "PostgreSQL does not answer")) {
      assertEquals(-1, indexOf(lines.subList(0, started), noise), noise);
    }
  }

  private static int indexOf(List<String> lines, String part) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains(part)) {
        return i;
      }
    }
    return -1;
  }

  @Test
  void blockedEventLoop_isNoNewsBeforeTheStart_andIsReportedAfterIt() {
    StartLog log = new StartLog("127.0.0.1", 9000);
    LogRecord blocked = record("io.vertx.core.impl.BlockedThreadChecker", "blocked");
    LogRecord other = record("dev.keybroker.boot.AccessRules", "Every caller may do everything");
    LogRecord start = record("io.quarkus", "%s started. %s");
    start.setParameters(new Object[] {"keybroker", "Listening on: http://127.0.0.1:8080"});

    assertFalse(log.isLoggable(blocked));
    assertTrue(log.isLoggable(other));
    assertTrue(log.isLoggable(start));
    assertEquals(
        "Listening on: gRPC 127.0.0.1:9000 and http://127.0.0.1:8080", start.getParameters()[1]);
    assertTrue(log.isLoggable(blocked));
  }

  private static LogRecord record(String logger, String message) {
    LogRecord record = new LogRecord(Level.WARNING, message);
    record.setLoggerName(logger);
    return record;
  }

  @Test
  void clientThatLeavesWithAnswersOnTheWay_isCountedAndNotLogged() {
    String keystore = keystores.shared(KeyPairSpec.ECC_NIST_P256).name();
    double before = abandoned();

    List<LogRecord> logged =
        LoggedWarnings.during(
            () -> {
              for (int i = 0; i < LEAVING_CALLS; i++) {
                leaveWithAnAnswerOnTheWay(keystore);
              }
              await(() -> abandoned() - before == LEAVING_CALLS);
            });

    assertEquals(List.of(), of("io.grpc", logged));
  }

  /// Leaves out what a busy machine may log meanwhile.
  private static List<String> of(String logger, List<LogRecord> records) {
    return records.stream()
        .filter(it -> it.getLoggerName().startsWith(logger))
        .map(LogRecord::getMessage)
        .toList();
  }

  private double abandoned() {
    return meters.get(Metrics.CALLS_ABANDONED).counter().count();
  }

  /// Its window is so small that most of the answer waits in the broker.
  private void leaveWithAnAnswerOnTheWay(String keystore) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", address.grpcPort())
            .usePlaintext()
            .flowControlWindow(1024)
            .build();
    BatchWrapDeksRequest.Builder batch = BatchWrapDeksRequest.newBuilder();
    for (int i = 0; i < ITEMS; i++) {
      batch.addRequests(
          WrapDekRequest.newBuilder()
              .setKeystore(keystore)
              .putEncryptionContext("call", "c-" + i)
              .build());
    }
    CompletableFuture<Void> answered = new CompletableFuture<>();
    ClientCall<BatchWrapDeksRequest, BatchWrapDeksResponse> call =
        channel.newCall(KeyBrokerGrpc.getBatchWrapDeksMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata headers) {
            answered.complete(null);
          }
        },
        new Metadata());
    call.sendMessage(batch.build());
    call.halfClose();
    answered.orTimeout(20, TimeUnit.SECONDS).join();
    call.cancel("leaving", null);
    channel.shutdown();
  }

  @Test
  void firstAnswer_thatTakesLongerThanAReadMay_isAwaited_andNoOutage() throws Exception {
    PostgresSessions hasty = HastySessions.of(sessions, vertx);
    AtomicReference<Throwable> fault = new AtomicReference<>();
    Thread freezing =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    services.postgres().freeze(Duration.ofSeconds(3));
                  } catch (Exception e) {
                    fault.set(e);
                  }
                });
    await(() -> isSilent(hasty));

    List<LogRecord> logged =
        LoggedWarnings.during(() -> hasty.firstAnswer().await().atMost(Duration.ofSeconds(30)));

    freezing.join();
    assertEquals(List.of(), of(PostgresSessions.class.getPackageName(), logged));
    assertEquals(null, fault.get());
    assertThrows(PostgresUnavailable.class, () -> tooSlow(hasty));
  }

  private static boolean isSilent(PostgresSessions sessions) {
    try {
      sessions
          .read(session -> session.createNativeQuery("select 1", Integer.class).getSingleResult())
          .await()
          .indefinitely();
      return false;
    } catch (PostgresUnavailable silent) {
      return true;
    }
  }

  private static void tooSlow(PostgresSessions sessions) {
    sessions
        .read(session -> session.createNativeQuery("select pg_sleep(1)").getSingleResult())
        .await()
        .indefinitely();
  }
}
