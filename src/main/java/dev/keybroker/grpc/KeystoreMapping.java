package dev.keybroker.grpc;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.keystore.CheckResult;
import dev.keybroker.keystore.GivenGrant;
import dev.keybroker.keystore.KeyToAdmit;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreState;
import dev.keybroker.v1.KmsError;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.ReEncryption;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotationPeriod;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Maps keystores and related messages from and to the domain's types.
final class KeystoreMapping {
  private static final java.time.Duration DEFAULT_LIFETIME = java.time.Duration.ofSeconds(60);

  private KeystoreMapping() {}

  static KeystoreSettings settings(Keystore keystore) {
    return new KeystoreSettings(
        keystore.getDisplayName(),
        rootKey(keystore.getRootKey()),
        spec(keystore.getKeyPairSpec()),
        rotationPeriod(keystore.getRotationPeriod()),
        lifetime(keystore),
        onKmsOutage(keystore.getOnKmsOutage()));
  }

  static dev.keybroker.keystore.RootKey rootKey(RootKey rootKey) {
    return switch (rootKey.getKindCase()) {
      case AWS_KMS ->
          new dev.keybroker.keystore.RootKey.TenantManaged(
              KmsArn.parse(rootKey.getAwsKms().getKeyArn()),
              nullIfEmpty(rootKey.getAwsKms().getRoleArn()),
              nullIfEmpty(rootKey.getAwsKms().getGrantId()));
      case BROKER_MANAGED -> new dev.keybroker.keystore.RootKey.BrokerManaged();
      case KIND_NOT_SET -> throw new RequestInvalid("keystore.root_key", "is required");
    };
  }

  static GivenGrant grant(Keystore keystore) {
    AwsKmsKey key = keystore.getRootKey().getAwsKms();
    return new GivenGrant(nullIfEmpty(key.getGrantToken()), key.getCreateGrant());
  }

  private static @Nullable String nullIfEmpty(String text) {
    return text.isEmpty() ? null : text;
  }

  static KeyToAdmit keyToAdmit(GetOnboardingRequest request) {
    AwsKmsKey key = request.getKey();
    return new KeyToAdmit(
        key.getKeyArn().isEmpty() ? null : KmsArn.parse(key.getKeyArn()),
        nullIfEmpty(key.getRoleArn()),
        request.getCustomKeyStore());
  }

  static KeyPairSpec spec(dev.keybroker.v1.KeyPairSpec spec) {
    return switch (spec) {
      case KEY_PAIR_SPEC_RSA_2048 -> KeyPairSpec.RSA_2048;
      case KEY_PAIR_SPEC_RSA_4096 -> KeyPairSpec.RSA_4096;
      case KEY_PAIR_SPEC_ECC_NIST_P256 -> KeyPairSpec.ECC_NIST_P256;
      case KEY_PAIR_SPEC_ECC_NIST_P384 -> KeyPairSpec.ECC_NIST_P384;
      case KEY_PAIR_SPEC_UNSPECIFIED, KEY_PAIR_SPEC_RSA_3072, UNRECOGNIZED -> KeyPairSpec.RSA_3072;
    };
  }

  static dev.keybroker.keystore.RotationPeriod rotationPeriod(RotationPeriod period) {
    return switch (period) {
      case ROTATION_PERIOD_DAILY -> dev.keybroker.keystore.RotationPeriod.DAILY;
      case ROTATION_PERIOD_WEEKLY -> dev.keybroker.keystore.RotationPeriod.WEEKLY;
      case ROTATION_PERIOD_MONTHLY -> dev.keybroker.keystore.RotationPeriod.MONTHLY;
      case ROTATION_PERIOD_YEARLY -> dev.keybroker.keystore.RotationPeriod.YEARLY;
      case ROTATION_PERIOD_UNSPECIFIED, ROTATION_PERIOD_NEVER, UNRECOGNIZED ->
          dev.keybroker.keystore.RotationPeriod.NEVER;
    };
  }

  /// Truncates to whole milliseconds, but never to zero, because a lifetime of zero has another
  /// meaning.
  static java.time.Duration lifetime(Keystore keystore) {
    if (!keystore.hasPrivateKekLifetime()) {
      return DEFAULT_LIFETIME;
    }
    java.time.Duration lifetime =
        java.time.Duration.ofMillis(Durations.toMillis(keystore.getPrivateKekLifetime()));
    if (lifetime.isZero() && Durations.toNanos(keystore.getPrivateKekLifetime()) != 0) {
      throw new RequestInvalid("keystore.private_kek_lifetime", "must be 0 s or at least 1 ms");
    }
    return lifetime;
  }

  static dev.keybroker.keystore.OnKmsOutage onKmsOutage(OnKmsOutage onKmsOutage) {
    return switch (onKmsOutage) {
      case ON_KMS_OUTAGE_FAIL_CLOSED -> dev.keybroker.keystore.OnKmsOutage.FAIL_CLOSED;
      case ON_KMS_OUTAGE_UNSPECIFIED, ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK, UNRECOGNIZED ->
          dev.keybroker.keystore.OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK;
    };
  }

  static Keystore keystore(dev.keybroker.keystore.Keystore keystore) {
    KeystoreSettings settings = keystore.settings();
    Keystore.Builder message =
        Keystore.newBuilder()
            .setName(keystore.name().toString())
            .setDisplayName(settings.displayName())
            .setRootKey(rootKey(settings.rootKey()))
            .setKeyPairSpec(BrokerMapping.spec(settings.keyPairSpec()))
            .setRotationPeriod(rotationPeriod(settings.rotationPeriod()))
            .setPrivateKekLifetime(duration(settings.privateKekLifetime()))
            .setOnKmsOutage(
                switch (settings.onKmsOutage()) {
                  case WRAP_WITH_LAST_KNOWN_KEK ->
                      OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK;
                  case FAIL_CLOSED -> OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED;
                })
            .setEtag(Etag.of(keystore.version()))
            .setCreateTime(BrokerMapping.timestamp(keystore.createTime()))
            .setUpdateTime(BrokerMapping.timestamp(keystore.updateTime()));
    message.setState(
        keystore.deleteTime() == null
            ? KeystoreState.KEYSTORE_STATE_ACTIVE
            : KeystoreState.KEYSTORE_STATE_DELETE_SCHEDULED);
    if (keystore.deleteTime() != null) {
      message.setDeleteTime(BrokerMapping.timestamp(keystore.deleteTime()));
    }
    if (keystore.activeKek() != null) {
      message.setActiveKek(keystore.activeKek().toString());
    }
    if (keystore.activeKekTime() != null) {
      message.setActiveKekTime(BrokerMapping.timestamp(keystore.activeKekTime()));
    }
    if (keystore.activeKekRootKey() != null) {
      message.setActiveKekRootKeyArn(keystore.activeKekRootKey().toString());
    }
    if (keystore.nextRotationTime() != null) {
      message.setNextRotationTime(BrokerMapping.timestamp(keystore.nextRotationTime()));
    }
    if (keystore.lastError() != null) {
      message.setLastError(error(keystore.lastError()));
    }
    if (keystore.failingSince() != null) {
      message.setFailingSinceTime(BrokerMapping.timestamp(keystore.failingSince()));
    }
    if (keystore.reEncryption() != null) {
      message.setReEncryption(reEncryption(keystore.reEncryption()));
    }
    return message.build();
  }

  static ReEncryption reEncryption(dev.keybroker.keystore.ReEncryption reEncryption) {
    ReEncryption.Builder message =
        ReEncryption.newBuilder()
            .setState(
                switch (reEncryption.state()) {
                  case IN_PROGRESS -> ReEncryption.State.STATE_IN_PROGRESS;
                  case COMPLETED -> ReEncryption.State.STATE_COMPLETED;
                  case FAILED -> ReEncryption.State.STATE_FAILED;
                })
            .setRootKeyArn(reEncryption.rootKeyArn().toString())
            .setTotal(reEncryption.total())
            .setDone(reEncryption.done())
            .setFailed(reEncryption.failed())
            .setStartTime(BrokerMapping.timestamp(reEncryption.startTime()));
    if (reEncryption.lastError() != null) {
      message.setLastError(error(reEncryption.lastError()));
    }
    if (reEncryption.endTime() != null) {
      message.setEndTime(BrokerMapping.timestamp(reEncryption.endTime()));
    }
    reEncryption.released().forEach(arn -> message.addReleasedRootKeyArns(arn.toString()));
    return message.build();
  }

  private static RootKey rootKey(dev.keybroker.keystore.RootKey rootKey) {
    return switch (rootKey) {
      case dev.keybroker.keystore.RootKey.TenantManaged(
              KmsArn arn,
              String roleArn,
              String grantId) ->
          RootKey.newBuilder()
              .setAwsKms(
                  AwsKmsKey.newBuilder()
                      .setKeyArn(arn.toString())
                      .setRoleArn(Objects.requireNonNullElse(roleArn, ""))
                      .setGrantId(Objects.requireNonNullElse(grantId, "")))
              .build();
      case dev.keybroker.keystore.RootKey.BrokerManaged() ->
          RootKey.newBuilder().setBrokerManaged(BrokerManagedKey.getDefaultInstance()).build();
    };
  }

  private static RotationPeriod rotationPeriod(dev.keybroker.keystore.RotationPeriod period) {
    return switch (period) {
      case NEVER -> RotationPeriod.ROTATION_PERIOD_NEVER;
      case DAILY -> RotationPeriod.ROTATION_PERIOD_DAILY;
      case WEEKLY -> RotationPeriod.ROTATION_PERIOD_WEEKLY;
      case MONTHLY -> RotationPeriod.ROTATION_PERIOD_MONTHLY;
      case YEARLY -> RotationPeriod.ROTATION_PERIOD_YEARLY;
    };
  }

  static KmsError error(RootKeyError error) {
    return KmsError.newBuilder()
        .setCode(error.code())
        .setAction(error.action())
        .setMessage(error.message())
        .setHint(error.hint())
        .setRequestId(error.requestId() == null ? "" : error.requestId())
        .setTime(BrokerMapping.timestamp(error.time()))
        .build();
  }

  static TestKeystoreResponse result(CheckResult result, List<String> warnings) {
    TestKeystoreResponse.Builder response =
        TestKeystoreResponse.newBuilder()
            .setPassed(result.failed() == null)
            .addAllWarnings(warnings);
    for (CheckResult.Step step : result.steps()) {
      TestStep.Builder message =
          TestStep.newBuilder()
              .setName(step.kind().id())
              .setPassed(step.error() == null)
              .setTook(duration(step.took()));
      if (step.error() != null) {
        message.setError(error(step.error()));
      }
      if (step.warning() != null) {
        message.setWarning(error(step.warning()));
      }
      response.addSteps(message);
    }
    return response.build();
  }

  private static Duration duration(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }
}
