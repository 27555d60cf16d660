package dev.keybroker.audit.aws;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.audit.AuditDelivery;
import dev.keybroker.audit.DeliveryFailure;
import dev.keybroker.audit.DeliveryFailure.Cause;
import dev.keybroker.audit.RecordStream;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kms.aws.AwsKms;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.EncryptionType;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/// The adapter for Kinesis against `kinesis-local`, an emulator that others have written. It comes
/// from the npm registry, so the test runs only if the system property `keybroker.kinesis-local`
/// names the folder of the package, as in `.ci/run`.
@EnabledIfSystemProperty(named = "keybroker.kinesis-local", matches = ".+")
@SuppressWarnings("NullAway.Init") // set before all tests
class KinesisLocalTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /// The emulator would listen on every interface.
  private static final String ON_LOOPBACK =
      """
      const {Server} = require('net');
      const listen = Server.prototype.listen;
      Server.prototype.listen = function (where, ...rest) {
        const there = typeof where === 'object' ? {...where, host: '127.0.0.1'} : where;
        return listen.call(this, there, ...rest);
      };
      """;

  private static Process emulator;
  private static KinesisAsyncClient kinesis;
  private static AwsKms aws;
  private static RecordStream stream;

  @BeforeAll
  static void start(@TempDir Path folder) throws Exception {
    int port = freePort();
    Path preload = Files.writeString(folder.resolve("loopback.cjs"), ON_LOOPBACK);
    ProcessBuilder builder =
        new ProcessBuilder("node", "--require", preload.toString(), "main.js")
            .directory(Path.of(System.getProperty("keybroker.kinesis-local")).toFile())
            .redirectErrorStream(true)
            .redirectOutput(
                Files.createDirectories(Path.of("target")).resolve("kinesis-local.txt").toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "KINESIS_MOCK_PLAIN_PORT",
                Integer.toString(port),
                "KINESIS_MOCK_TLS_PORT",
                Integer.toString(freePort()),
                "AWS_ACCOUNT_ID",
                "111111111111",
                "INITIALIZE_STREAMS",
                "keybroker-audit:2:eu-central-1"));
    emulator = builder.start();
    URI endpoint = URI.create("http://127.0.0.1:" + port);
    kinesis =
        KinesisAsyncClient.builder()
            .region(Region.EU_CENTRAL_1)
            .endpointOverride(endpoint)
            .httpClientBuilder(NettyNioAsyncHttpClient.builder())
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIATEST", "secret")))
            .build();
    Eventually.holds(LIMIT, () -> assertEquals(StreamStatus.ACTIVE, status()));
    aws = KinesisDouble.aws(config -> config);
    stream = new KinesisStream(KinesisDouble.ARN, KinesisDouble.Settings.of(endpoint), aws);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /// Null while it is not up.
  private static StreamStatus status() {
    try {
      return kinesis
          .describeStreamSummary(it -> it.streamARN(KinesisDouble.ARN))
          .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
          .streamDescriptionSummary()
          .streamStatus();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SdkException) {
        return null;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    stream.close();
    aws.close();
    kinesis.close();
    emulator.destroyForcibly().waitFor();
  }

  @Test
  void chains_areReadBackInOrder_byAnyConsumer_alsoFromAnEncryptedStream() throws Exception {
    List<UUID> chains = List.of(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());
    put(chains, 0, 20);
    kinesis
        .startStreamEncryption(
            it ->
                it.streamARN(KinesisDouble.ARN)
                    .encryptionType(EncryptionType.KMS)
                    .keyId("arn:aws:kms:eu-central-1:111111111111:key/" + UUID.randomUUID()))
        .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    Eventually.holds(LIMIT, () -> assertEquals(StreamStatus.ACTIVE, status()));
    put(chains, 20, 40);
    byte[] largest = new byte[AuditDelivery.LONGEST_PUT];
    Arrays.fill(largest, (byte) 'x');
    stream.put(chains.getFirst(), largest).await().atMost(LIMIT);

    List<Record> records = read();

    for (UUID chain : chains) {
      List<String> lines =
          records.stream()
              .filter(record -> record.partitionKey().equals(chain.toString()))
              .map(record -> record.data().asString(UTF_8))
              .filter(line -> line.length() < AuditDelivery.LONGEST_PUT)
              .toList();
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        expected.add(line(i));
      }
      assertEquals(expected, lines);
    }
    assertEquals(121, records.size());
  }

  private static void put(List<UUID> chains, int from, int to) {
    for (int i = from; i < to; i++) {
      for (UUID chain : chains) {
        stream.put(chain, line(i).getBytes(UTF_8)).await().atMost(LIMIT);
      }
    }
  }

  private static String line(int number) {
    return "{\"number\":" + number + "}\n";
  }

  private static List<Record> read() throws Exception {
    List<Record> records = new ArrayList<>();
    List<Shard> shards =
        kinesis
            .listShards(it -> it.streamARN(KinesisDouble.ARN))
            .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
            .shards();
    assertEquals(2, shards.size());
    for (Shard shard : shards) {
      String iterator =
          kinesis
              .getShardIterator(
                  it ->
                      it.streamARN(KinesisDouble.ARN)
                          .shardId(shard.shardId())
                          .shardIteratorType(ShardIteratorType.TRIM_HORIZON))
              .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
              .shardIterator();
      GetRecordsResponse answer;
      do {
        String from = iterator;
        answer =
            kinesis
                .getRecords(it -> it.shardIterator(from))
                .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        records.addAll(answer.records());
        iterator = answer.nextShardIterator();
      } while (!answer.records().isEmpty());
    }
    return records;
  }

  @Test
  void streamThatDoesNotExist_isNamed() {
    RecordStream missing =
        new KinesisStream(
            KinesisDouble.ARN + "-missing",
            KinesisDouble.Settings.of(
                kinesis.serviceClientConfiguration().endpointOverride().orElseThrow()),
            aws);
    try (missing) {
      DeliveryFailure failure =
          assertThrows(
              DeliveryFailure.class,
              () -> missing.put(UUID.randomUUID(), new byte[1]).await().atMost(LIMIT));
      assertEquals(Cause.STREAM_NOT_FOUND, failure.reason());
    }
  }
}
