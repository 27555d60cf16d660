package dev.keybroker.audit.aws;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Ticker;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.kms.aws.TestAwsConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;
import software.amazon.awssdk.thirdparty.jackson.core.JsonGenerator;
import software.amazon.awssdk.thirdparty.jackson.core.JsonParser;
import software.amazon.awssdk.thirdparty.jackson.core.JsonToken;
import software.amazon.awssdk.thirdparty.jackson.dataformat.cbor.CBORFactory;

/// A server that speaks the part of Kinesis' protocol that the broker uses (PutRecord in CBOR),
/// with one shard, and keeps what was put. It refuses what Kinesis would refuse.
public final class KinesisDouble implements AutoCloseable {
  public static final String ARN =
      "arn:aws:kinesis:eu-central-1:111111111111:stream/keybroker-audit";

  private static final String CONTENT_TYPE = "application/x-amz-cbor-1.1";
  private static final int LARGEST_RECORD = 1024 * 1024;
  private static final CBORFactory CBOR = new CBORFactory();
  private static final ObjectMapper JSON = new ObjectMapper();

  /// A put that was accepted.
  ///
  /// @param after the request's `SequenceNumberForOrdering`; null if it had none
  /// @param headers by lower-case name
  public record Put(
      String partitionKey,
      String after,
      String sequenceNumber,
      byte[] data,
      Map<String, String> headers) {
    public List<JsonNode> lines() {
      List<JsonNode> lines = new ArrayList<>();
      for (String line : new String(data, UTF_8).split("(?<=\n)")) {
        try {
          lines.add(JSON.readTree(line));
        } catch (JsonProcessingException e) {
          throw new AssertionError("not JSON: " + line, e);
        }
      }
      return lines;
    }
  }

  /// An error of Kinesis.
  public record Refusal(int status, String code, String message) {}

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final List<Put> puts = new CopyOnWriteArrayList<>();
  private volatile Function<String, Refusal> refusals = partitionKey -> null;
  private volatile Runnable beforeAnswer = () -> {};

  public KinesisDouble() throws IOException {
    this(0);
  }

  public KinesisDouble(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /// What was accepted, in the order of the shard.
  public List<Put> puts() {
    return List.copyOf(puts);
  }

  /// The numbers of a chain's records, in the order of the shard.
  public List<Long> numbers(String chain) {
    return puts.stream()
        .filter(put -> put.partitionKey().equals(chain))
        .flatMap(put -> put.lines().stream())
        .map(line -> line.at("/chain/sequenceNumber").asLong())
        .toList();
  }

  /// Refuses puts with the result for their partition key; null accepts them.
  public void refuse(Function<String, Refusal> by) {
    refusals = by;
  }

  public void acceptAll() {
    refusals = partitionKey -> null;
  }

  /// Runs the action after a put is stored and before it is answered.
  public void beforeAnswer(Runnable action) {
    beforeAnswer = action;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange;
        InputStream body = exchange.getRequestBody()) {
      Map<String, String> headers = new HashMap<>();
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> headers.put(name.toLowerCase(), values.getFirst()));
      Map<String, Object> request = read(body.readAllBytes());
      Refusal refusal = refusal(headers, request);
      if (refusal != null) {
        send(
            exchange,
            refusal.status(),
            Map.of("__type", refusal.code(), "message", refusal.message()));
        return;
      }
      String number = store(headers, request);
      beforeAnswer.run();
      send(exchange, 200, Map.of("ShardId", "shardId-000000000000", "SequenceNumber", number));
    }
  }

  private Refusal refusal(Map<String, String> headers, Map<String, Object> request) {
    if (!headers.getOrDefault("authorization", "").startsWith("AWS4-HMAC-SHA256 Credential=")) {
      return new Refusal(400, "MissingAuthenticationTokenException", "not signed");
    }
    if (!"Kinesis_20131202.PutRecord".equals(headers.get("x-amz-target"))
        || !CONTENT_TYPE.equals(headers.get("content-type"))) {
      return new Refusal(400, "UnknownOperationException", headers.toString());
    }
    if (!ARN.equals(request.get("StreamARN"))) {
      return new Refusal(400, "ResourceNotFoundException", "no such stream");
    }
    String key = (String) request.get("PartitionKey");
    byte[] data = (byte[]) request.get("Data");
    if (key == null || data == null || key.length() + data.length > LARGEST_RECORD) {
      return new Refusal(400, "ValidationException", "record size");
    }
    return refusals.apply(key);
  }

  private synchronized String store(Map<String, String> headers, Map<String, Object> request) {
    String number = "4967" + String.format("%052d", puts.size() + 1);
    puts.add(
        new Put(
            (String) request.get("PartitionKey"),
            (String) request.get("SequenceNumberForOrdering"),
            number,
            (byte[]) request.get("Data"),
            headers));
    return number;
  }

  private static Map<String, Object> read(byte[] cbor) throws IOException {
    Map<String, Object> fields = new HashMap<>();
    try (JsonParser parser = CBOR.createParser(cbor)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        fields.put(
            name,
            value == JsonToken.VALUE_EMBEDDED_OBJECT ? parser.getBinaryValue() : parser.getText());
      }
    }
    return fields;
  }

  private static void send(HttpExchange exchange, int status, Map<String, String> fields)
      throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try (JsonGenerator generator = CBOR.createGenerator(body)) {
      generator.writeStartObject();
      for (Map.Entry<String, String> field : fields.entrySet()) {
        generator.writeStringField(field.getKey(), field.getValue());
      }
      generator.writeEndObject();
    }
    exchange.getResponseHeaders().add("Content-Type", CONTENT_TYPE);
    exchange.getResponseHeaders().add("x-amzn-RequestId", "request-7");
    exchange.sendResponseHeaders(status, body.size());
    exchange.getResponseBody().write(body.toByteArray());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /// Settings that name a stream at an endpoint.
  public record Settings(
      Optional<String> streamArn,
      Optional<String> roleArn,
      Optional<String> externalId,
      Optional<URI> endpointOverride)
      implements DeliveryConfig {
    public static Settings of(URI endpoint) {
      return new Settings(
          Optional.of(ARN), Optional.empty(), Optional.empty(), Optional.of(endpoint));
    }
  }

  /// The connections to AWS of a broker with made-up credentials.
  public static AwsKms aws(UnaryOperator<TestAwsConfig> change) {
    return new AwsKms(
        KmsServiceClientConfiguration.builder()
            .region(Region.EU_CENTRAL_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIATEST", "secret")))
            .build(),
        change.apply(TestAwsConfig.patient()),
        List.of(),
        new GrantTokens(Ticker.systemTicker()),
        InstantSource.system(),
        Ticker.systemTicker(),
        new SimpleMeterRegistry());
  }
}
