package dev.keybroker.kms.aws;

import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContract;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.OriginType;

/// The contract of [Kms] for the AWS adapter on a local KMS, with whatever is around it.
public abstract class KmsOnLocalAws extends KmsContract {
  LocalAws aws;
  private Kms kms;

  @BeforeEach
  void start() {
    aws = new LocalAws();
    // All connections drop at once where calls were held: a retry may meet another one that does.
    kms = around(aws.kms(TestAwsConfig.patient().withMaxAttempts(5)));
  }

  @AfterEach
  void stop() throws Exception {
    aws.close();
  }

  /// The adapter with its decorators.
  protected abstract Kms around(AwsKms adapter);

  @Override
  protected Kms kms() {
    return kms;
  }

  private KmsClient admin() {
    return aws.admin(LocalAws.BROKER, LocalAws.HOME);
  }

  @Override
  protected KmsKey key() {
    return aws.ownKey();
  }

  @Override
  protected KmsKey aliasOf(KmsKey key) {
    String alias = "alias/" + UUID.randomUUID();
    admin().createAlias(it -> it.aliasName(alias).targetKeyId(key.arn().toString()));
    return own(alias);
  }

  private static KmsKey own(String resource) {
    return new KmsKey(
        KmsArn.parse("arn:aws:kms:" + LocalAws.HOME + ":" + LocalAws.BROKER + ":" + resource),
        null);
  }

  @Override
  protected KmsKey failing(KmsFailure.Kind kind) {
    return switch (kind) {
      case ACCESS_DENIED ->
          new KmsKey(aws.tenantKey(LocalAws.HOME, "arn:aws:iam::222222222222:root"), null);
      case KEY_DISABLED -> {
        KmsKey key = key();
        admin().disableKey(it -> it.keyId(key.arn().toString()));
        yield key;
      }
      case KEY_PENDING_DELETION -> {
        KmsKey key = key();
        admin().scheduleKeyDeletion(it -> it.keyId(key.arn().toString()));
        yield key;
      }
      // Its material was never imported.
      case KEY_UNAVAILABLE ->
          new KmsKey(
              aws.create(
                  LocalAws.BROKER,
                  LocalAws.HOME,
                  CreateKeyRequest.builder().origin(OriginType.EXTERNAL).build()),
              null);
      case KEY_NOT_FOUND -> own("key/" + UUID.randomUUID());
      case KEY_UNUSABLE ->
          new KmsKey(
              aws.create(
                  LocalAws.BROKER,
                  LocalAws.HOME,
                  CreateKeyRequest.builder()
                      .keySpec(KeySpec.RSA_2048)
                      .keyUsage(KeyUsageType.SIGN_VERIFY)
                      .build()),
              null);
      case THROTTLED -> struckBy(Fault.Kind.THROTTLING);
      case UNREACHABLE -> struckBy(Fault.Kind.INTERNAL_ERROR);
      case CIPHERTEXT_REFUSED, TOO_MANY_CALLS -> throw new IllegalArgumentException(kind.name());
    };
  }

  private KmsKey struckBy(Fault.Kind fault) {
    KmsKey key = key();
    aws.server.faults().add(Fault.of(fault).onResource(key.arn().toString()));
    return key;
  }

  @Override
  protected void recover() {
    aws.server.faults().clear();
  }

  @Override
  protected Held hold(KmsKey key) {
    ActiveFault hang =
        aws.server
            .faults()
            .add(Fault.of(Fault.Kind.HANG).onResource(key.arn().toString()).onOperation("Decrypt"));
    return new Held() {
      @Override
      public long waiting() {
        return hang.struck();
      }

      /// The connections drop, and the adapter tries again.
      @Override
      public void close() {
        hang.close();
      }
    };
  }

  @Override
  protected AssumedRole role() {
    return aws.role("recordings");
  }

  @Override
  protected AssumedRole foreignRole() {
    return new AssumedRole("arn:aws:iam::222222222222:role/none", LocalAws.EXTERNAL_ID);
  }

  @Override
  protected long received() {
    return aws.server.calls().total();
  }
}
