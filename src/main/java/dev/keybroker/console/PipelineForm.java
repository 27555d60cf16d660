package dev.keybroker.console;

import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.ConnectInstance;
import dev.keybroker.v1.PipelineBucket;
import dev.keybroker.v1.PipelineRole;
import dev.keybroker.v1.PipelineStream;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import java.util.List;
import java.util.regex.Pattern;

/// The form of a check of a pipeline, as the browser sent it. A text area with several policies has
/// a line `---` between them.
public class PipelineForm {
  private static final Pattern BETWEEN = Pattern.compile("(?m)^---\\s*$");

  @FormParam("connect_arn")
  @DefaultValue("")
  public String connectArn = "";

  @FormParam("producer_arn")
  @DefaultValue("")
  public String producerArn = "";

  @FormParam("producer_policies")
  @DefaultValue("")
  public String producerPolicies = "";

  @FormParam("stream_arn")
  @DefaultValue("")
  public String streamArn = "";

  @FormParam("stream_key_arn")
  @DefaultValue("")
  public String streamKeyArn = "";

  @FormParam("stream_key_policy")
  @DefaultValue("")
  public String streamKeyPolicy = "";

  @FormParam("firehose_arn")
  @DefaultValue("")
  public String firehoseArn = "";

  @FormParam("firehose_policies")
  @DefaultValue("")
  public String firehosePolicies = "";

  @FormParam("bucket_arn")
  @DefaultValue("")
  public String bucketArn = "";

  @FormParam("bucket_key_arn")
  @DefaultValue("")
  public String bucketKeyArn = "";

  @FormParam("bucket_key_policy")
  @DefaultValue("")
  public String bucketKeyPolicy = "";

  @FormParam("object_prefix")
  @DefaultValue("")
  public String objectPrefix = "";

  @FormParam("bucket_key_enabled")
  @DefaultValue("false")
  public boolean bucketKeyEnabled;

  CheckPipelineRequest request(String tenant) {
    CheckPipelineRequest.Builder request =
        CheckPipelineRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setStream(
                PipelineStream.newBuilder()
                    .setArn(streamArn.strip())
                    .setKeyArn(streamKeyArn.strip())
                    .setKeyPolicy(streamKeyPolicy.strip()))
            .setFirehose(role(firehoseArn, firehosePolicies))
            .setBucket(
                PipelineBucket.newBuilder()
                    .setArn(bucketArn.strip())
                    .setKeyArn(bucketKeyArn.strip())
                    .setKeyPolicy(bucketKeyPolicy.strip())
                    .setObjectPrefix(objectPrefix.strip())
                    .setBucketKeyEnabled(bucketKeyEnabled));
    if (!connectArn.isBlank()) {
      request.setConnect(ConnectInstance.newBuilder().setArn(connectArn.strip()));
    }
    if (!producerArn.isBlank()) {
      request.setProducer(role(producerArn, producerPolicies));
    }
    return request.build();
  }

  private static PipelineRole role(String arn, String policies) {
    List<String> each =
        BETWEEN.splitAsStream(policies).map(String::strip).filter(it -> !it.isEmpty()).toList();
    return PipelineRole.newBuilder().setArn(arn.strip()).addAllIdentityPolicies(each).build();
  }
}
