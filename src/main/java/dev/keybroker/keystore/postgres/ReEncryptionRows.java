package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.ReEncryption;
import dev.keybroker.keystore.ReEncryptions;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Converts rows of `re_encryption` from and to the domain's types.
final class ReEncryptionRows {
  private ReEncryptionRows() {}

  static ReEncryption reEncryption(ReEncryptionEntity row) {
    return new ReEncryption(
        row.state,
        KmsArn.parse(row.rootKeyArn),
        row.total,
        row.done,
        row.failed,
        row.errorTime == null
            ? null
            : new RootKeyError(
                row.errorCode,
                row.errorAction,
                row.errorMessage,
                row.errorHint,
                row.errorRequestId,
                row.errorTime),
        row.startTime,
        row.endTime,
        Stream.of(row.released.split(" "))
            .filter(arn -> !arn.isEmpty())
            .map(KmsArn::parse)
            .toList());
  }

  static ReEncryptions.Work work(ReEncryptionEntity row) {
    return new ReEncryptions.Work(row.id, new KeystoreName(row.tenant, row.keystore), target(row));
  }

  static KeyUse target(ReEncryptionEntity row) {
    return use(row.rootKeyArn, row.roleArn, row.externalId, row.grantId, row.kmsContext);
  }

  static KeyUse use(
      String rootKeyArn,
      @Nullable String roleArn,
      @Nullable String externalId,
      @Nullable String grantId,
      String kmsContext) {
    AssumedRole role =
        roleArn == null ? null : new AssumedRole(roleArn, Objects.requireNonNull(externalId));
    return new KeyUse(
        new KmsKey(KmsArn.parse(rootKeyArn), role, grantId), KmsContextText.read(kmsContext));
  }

  static void setTarget(ReEncryptionEntity row, KeyUse target) {
    AssumedRole role = target.key().role();
    row.rootKeyArn = target.key().arn().toString();
    row.roleArn = role == null ? null : role.roleArn();
    row.externalId = role == null ? null : role.externalId();
    row.grantId = target.key().grantId();
    row.kmsContext = KmsContextText.write(target.context());
  }

  static void setError(ReEncryptionEntity row, RootKeyError error) {
    row.errorCode = error.code();
    row.errorAction = error.action();
    row.errorMessage = error.message();
    row.errorHint = error.hint();
    row.errorRequestId = error.requestId();
    row.errorTime = error.time();
  }
}
