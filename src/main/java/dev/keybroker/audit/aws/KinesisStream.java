package dev.keybroker.audit.aws;

import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.audit.RecordStream;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.aws.AwsKms;
import io.smallrye.mutiny.Uni;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;

/// A stream of Kinesis Data Streams. The lines of a put are one record of the stream, whose
/// partition key is the chain.
///
/// `PutRecord` stores a record or does not, so that no part of a chain overtakes another, as it
/// could after a `PutRecords` that failed in part. `SequenceNumberForOrdering` keeps the order of
/// consecutive puts of this broker even if the clocks within Kinesis differ.
public final class KinesisStream implements RecordStream {
  private static final String PUT_RECORD = "kinesis:PutRecord";

  /// The most chains to remember. A chain that is forgotten is still put in order of arrival.
  private static final int CHAINS = 1_000;

  private final AwsKms aws;
  private final KinesisAsyncClient kinesis;
  private final StreamArn stream;
  private final @Nullable AssumedRole role;
  private final StreamFailures failures;

  /// The sequence number in the stream of the last put of each chain.
  private final Map<UUID, String> last = new ConcurrentHashMap<>();

  /// @param aws supplies the connections and the credentials
  public KinesisStream(String streamArn, DeliveryConfig config, AwsKms aws) {
    this.aws = aws;
    this.stream = StreamArn.parse(streamArn);
    this.role =
        config
            .roleArn()
            .map(arn -> new AssumedRole(arn, config.externalId().orElseThrow()))
            .orElse(null);
    this.failures = new StreamFailures(stream, role);
    this.kinesis =
        aws.client(
            KinesisAsyncClient.builder(), stream.region(), config.endpointOverride().orElse(null));
  }

  @Override
  public Uni<Void> put(UUID chain, byte[] lines) {
    return Uni.createFrom()
        .deferred(
            () -> {
              // Kept only after a success: a stream that was created anew refuses the old number.
              String after = last.remove(chain);
              return aws.call(
                  PUT_RECORD,
                  role,
                  override ->
                      kinesis.putRecord(
                          request ->
                              request
                                  .streamARN(stream.toString())
                                  .streamName(stream.name())
                                  .partitionKey(chain.toString())
                                  .sequenceNumberForOrdering(after)
                                  .data(SdkBytes.fromByteArrayUnsafe(lines))
                                  .overrideConfiguration(override)));
            })
        .invoke(answer -> remember(chain, answer))
        .replaceWithVoid()
        .onFailure(KmsFailure.class)
        .transform(failure -> failures.of((KmsFailure) failure));
  }

  private void remember(UUID chain, PutRecordResponse answer) {
    if (answer.sequenceNumber() == null) {
      throw failures.of(
          new KmsFailure(
              KmsFailure.Kind.UNREACHABLE,
              PUT_RECORD,
              "MalformedResponse",
              "the answer has no sequence number",
              null));
    }
    if (last.size() >= CHAINS) {
      last.clear();
    }
    last.put(chain, answer.sequenceNumber());
  }

  @Override
  public void close() {
    kinesis.close();
  }
}
