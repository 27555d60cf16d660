package dev.keybroker.grpc;

import dev.keybroker.pipeline.ConnectInstance;
import dev.keybroker.pipeline.Pipeline;
import dev.keybroker.pipeline.PipelineBucket;
import dev.keybroker.pipeline.PipelineFinding;
import dev.keybroker.pipeline.PipelineKey;
import dev.keybroker.pipeline.PipelineRole;
import dev.keybroker.pipeline.PipelineStream;
import dev.keybroker.policy.Arn;
import dev.keybroker.policy.MalformedPolicyException;
import dev.keybroker.policy.Policy;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.CheckPipelineResponse;
import dev.keybroker.v1.ConnectStorage;
import dev.keybroker.v1.ConnectStorageType;
import dev.keybroker.v1.PipelineHop;
import dev.keybroker.v1.PipelineSeverity;
import dev.keybroker.v1.PolicyPlace;
import dev.keybroker.v1.StatementToAdd;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Maps a pipeline to the domain's types, and the findings from them.
final class PipelineMapping {
  private static final String STREAM_POLICY = "stream.key_policy";
  private static final String BUCKET_POLICY = "bucket.key_policy";

  private PipelineMapping() {}

  /// Reads the pipeline, with its policies. Throws [RequestInvalid], which names the field of a
  /// policy that cannot be read.
  static Pipeline pipeline(CheckPipelineRequest request) {
    String streamKey = request.getStream().getKeyArn();
    String bucketKey = request.getBucket().getKeyArn();
    Policy streamPolicy = keyPolicy(STREAM_POLICY, request.getStream().getKeyPolicy(), streamKey);
    Policy bucketPolicy = keyPolicy(BUCKET_POLICY, request.getBucket().getKeyPolicy(), bucketKey);
    if (streamKey.equals(bucketKey)) {
      if (streamPolicy != null
          && bucketPolicy != null
          && !request.getStream().getKeyPolicy().equals(request.getBucket().getKeyPolicy())) {
        throw new RequestInvalid(
            BUCKET_POLICY, "must be empty or that of the stream, which has the same key");
      }
      streamPolicy = streamPolicy == null ? bucketPolicy : streamPolicy;
      bucketPolicy = streamPolicy;
    }
    return new Pipeline(
        request.hasConnect() ? connect(request.getConnect()) : null,
        request.hasProducer() ? role("producer", request.getProducer()) : null,
        new PipelineStream(arn(request.getStream().getArn()), key(streamKey, streamPolicy)),
        role("firehose", request.getFirehose()),
        new PipelineBucket(
            arn(request.getBucket().getArn()),
            key(bucketKey, bucketPolicy),
            request.getBucket().getObjectPrefix(),
            request.getBucket().getBucketKeyEnabled()));
  }

  private static ConnectInstance connect(dev.keybroker.v1.ConnectInstance connect) {
    return new ConnectInstance(
        connect.getArn().isEmpty() ? null : arn(connect.getArn()),
        connect.getStorageList().stream()
            .filter(storage -> storage.getType() != ConnectStorageType.CONNECT_STORAGE_TYPE_OTHER)
            .map(ConnectStorage::getKeyArn)
            .toList());
  }

  private static PipelineRole role(String field, dev.keybroker.v1.PipelineRole role) {
    List<Policy> policies = new ArrayList<>();
    for (String document : role.getIdentityPoliciesList()) {
      policies.add(policy(field + ".identity_policies[" + policies.size() + "]", document));
    }
    return new PipelineRole(arn(role.getArn()), policies);
  }

  private static @Nullable PipelineKey key(String arn, @Nullable Policy policy) {
    return arn.isEmpty() ? null : new PipelineKey(arn(arn), policy);
  }

  private static @Nullable Policy keyPolicy(String field, String document, String key) {
    if (document.isEmpty()) {
      return null;
    }
    if (key.isEmpty()) {
      throw new RequestInvalid(field, "is given without the key's ARN");
    }
    return policy(field, document);
  }

  private static Policy policy(String field, String document) {
    try {
      return Policy.parse(document);
    } catch (MalformedPolicyException e) {
      // Without a cause, whose message may quote the policy.
      throw new RequestInvalid(field, "is not a policy that can be read whole: " + e.problem());
    }
  }

  private static Arn arn(String text) {
    return Objects.requireNonNull(Arn.parse(text));
  }

  static CheckPipelineResponse response(List<PipelineFinding> findings) {
    CheckPipelineResponse.Builder response =
        CheckPipelineResponse.newBuilder()
            .setPassed(findings.stream().noneMatch(PipelineFinding::matters));
    findings.forEach(finding -> response.addFindings(finding(finding)));
    return response.build();
  }

  private static dev.keybroker.v1.PipelineFinding finding(PipelineFinding finding) {
    dev.keybroker.v1.PipelineFinding.Builder message =
        dev.keybroker.v1.PipelineFinding.newBuilder()
            .setSeverity(
                switch (finding.severity()) {
                  case ERROR -> PipelineSeverity.PIPELINE_SEVERITY_ERROR;
                  case NOT_JUDGED -> PipelineSeverity.PIPELINE_SEVERITY_NOT_JUDGED;
                  case WARNING -> PipelineSeverity.PIPELINE_SEVERITY_WARNING;
                })
            .setHop(
                switch (finding.hop()) {
                  case CONNECT_TO_STREAM -> PipelineHop.PIPELINE_HOP_CONNECT_TO_STREAM;
                  case PRODUCER_TO_STREAM -> PipelineHop.PIPELINE_HOP_PRODUCER_TO_STREAM;
                  case STREAM_TO_FIREHOSE -> PipelineHop.PIPELINE_HOP_STREAM_TO_FIREHOSE;
                  case FIREHOSE_TO_BUCKET -> PipelineHop.PIPELINE_HOP_FIREHOSE_TO_BUCKET;
                })
            .setWhat(finding.what())
            .setWhy(finding.why());
    finding
        .statements()
        .forEach(
            statement ->
                message.addStatements(
                    StatementToAdd.newBuilder()
                        .setPlace(
                            switch (statement.place()) {
                              case KEY_POLICY -> PolicyPlace.POLICY_PLACE_KEY_POLICY;
                              case IDENTITY_POLICY -> PolicyPlace.POLICY_PLACE_IDENTITY_POLICY;
                            })
                        .setResource(statement.resource())
                        .setStatement(statement.statement())));
    return message.build();
  }
}
