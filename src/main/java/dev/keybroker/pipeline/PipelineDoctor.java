package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Examines a pipeline: which hops its keys and policies let through. It knows what it is given,
/// and calls nothing.
public final class PipelineDoctor {
  private static final List<String> WRITE = List.of("kms:GenerateDataKey", "kms:Decrypt");
  private static final List<String> READ = List.of("kms:Decrypt");

  private static final String STREAM_KEY_ELSEWHERE = "The stream cannot have this key.";

  private final Pipeline pipeline;
  private final List<PipelineFinding> findings = new ArrayList<>();

  private PipelineDoctor(Pipeline pipeline) {
    this.pipeline = pipeline;
  }

  /// Returns the findings, in the order of the hops.
  public static List<PipelineFinding> examine(Pipeline pipeline) {
    PipelineDoctor doctor = new PipelineDoctor(pipeline);
    doctor.connect();
    doctor.producer();
    doctor.firehose();
    doctor.bucket();
    return List.copyOf(doctor.findings);
  }

  private void connect() {
    ConnectInstance connect = pipeline.connect();
    if (connect == null) {
      return;
    }
    PipelineHop hop = PipelineHop.CONNECT_TO_STREAM;
    Arn stream = pipeline.stream().arn();
    Arn instance = connect.arn();
    if (instance != null
        && !(instance.account().equals(stream.account())
            && instance.region().equals(stream.region()))) {
      error(
          hop,
          "Amazon Connect cannot write into the stream.",
          "The instance is in account %s and region %s, the stream in account %s and region %s."
                  .formatted(
                      instance.account(), instance.region(), stream.account(), stream.region())
              + " Connect writes into streams of its own account and region only.");
    }
    PipelineKey key = pipeline.stream().key();
    if (key == null) {
      unencrypted(hop);
    } else if (!elsewhere(hop, key)
        && !key.awsManaged()
        && !connect.streamKeys().contains(key.arn().toString())) {
      error(
          hop,
          "Amazon Connect cannot use the stream's key %s, so its records do not arrive."
              .formatted(key.arn()),
          "Connect gets its grant on a customer managed key from its storage configurations, and"
              + " none for call recordings, chat transcripts or exported reports has this key."
              + " Use one key: give the stream the key of such a configuration, or the"
              + " configuration the key of the stream. The AWS managed key aws/kinesis works too.");
    }
  }

  private void producer() {
    PipelineRole producer = pipeline.producer();
    if (producer == null) {
      return;
    }
    PipelineKey key = pipeline.stream().key();
    PipelineHop hop = PipelineHop.PRODUCER_TO_STREAM;
    if (key != null) {
      use(hop, producer, key, WRITE, kinesis(), "PipelineProducer");
    } else if (pipeline.connect() == null) {
      unencrypted(hop);
    }
  }

  private void firehose() {
    PipelineKey key = pipeline.stream().key();
    if (key != null) {
      use(
          PipelineHop.STREAM_TO_FIREHOSE,
          pipeline.firehose(),
          key,
          READ,
          kinesis(),
          "PipelineFirehoseReads");
    }
  }

  private void bucket() {
    PipelineBucket bucket = pipeline.bucket();
    PipelineKey key = bucket.key();
    if (key != null) {
      String objects = bucket.arn() + "/" + bucket.prefix();
      KmsCaller s3 =
          bucket.bucketKey()
              ? KmsCaller.exactly("s3", key.arn(), "aws:s3:arn", bucket.arn().toString())
              : KmsCaller.startingWith("s3", key.arn(), "aws:s3:arn", objects);
      use(
          PipelineHop.FIREHOSE_TO_BUCKET,
          pipeline.firehose(),
          key,
          WRITE,
          s3,
          "PipelineFirehoseWrites");
    }
  }

  private void use(
      PipelineHop hop,
      PipelineRole role,
      PipelineKey key,
      List<String> actions,
      KmsCaller caller,
      String sid) {
    String what = "Role %s cannot use the key %s.".formatted(role.arn(), key.arn());
    if (!role.arn().partition().equals(key.arn().partition())) {
      error(
          hop,
          what,
          "The role is of partition %s, the key of partition %s. Access does not cross partitions."
              .formatted(role.arn().partition(), key.arn().partition()));
      return;
    }
    if (hop == PipelineHop.FIREHOSE_TO_BUCKET || !elsewhere(hop, key)) {
      if (!key.awsManaged()) {
        Optional<PipelineFinding> finding =
            new KeyAccess(hop, role, key, actions, caller, sid).finding();
        finding.ifPresent(findings::add);
      } else if (!role.arn().account().equals(key.arn().account())) {
        error(
            hop,
            what,
            "It is an AWS managed key of account %s, and the role is of account %s. Such a key is"
                    .formatted(key.arn().account(), role.arn().account())
                + " for its own account only, and nobody can change its policy. Use a customer"
                + " managed key.");
      }
    }
  }

  /// Whether the stream's key is where the stream cannot use it, which is a finding.
  private boolean elsewhere(PipelineHop hop, PipelineKey key) {
    Arn stream = pipeline.stream().arn();
    Arn arn = key.arn();
    boolean ownAccount = arn.account().equals(stream.account());
    if (arn.region().equals(stream.region())
        && arn.partition().equals(stream.partition())
        && (ownAccount || !key.awsManaged())) {
      return false;
    }
    // Once, at the first hop that meets it.
    if (findings.stream().noneMatch(finding -> finding.what().contains(STREAM_KEY_ELSEWHERE))) {
      error(
          hop,
          STREAM_KEY_ELSEWHERE,
          "The key %s must be of the stream's region, and an AWS managed key of its account too."
              .formatted(arn));
    }
    return true;
  }

  private KmsCaller kinesis() {
    Arn stream = pipeline.stream().arn();
    return KmsCaller.exactly("kinesis", stream, "aws:kinesis:arn", stream.toString());
  }

  private void unencrypted(PipelineHop hop) {
    findings.add(
        new PipelineFinding(
            PipelineSeverity.WARNING,
            hop,
            "The stream stores its records without encryption.",
            "No key is given for the stream. Turn on its server-side encryption.",
            List.of()));
  }

  private void error(PipelineHop hop, String what, String why) {
    findings.add(PipelineFinding.error(hop, what, why));
  }
}
