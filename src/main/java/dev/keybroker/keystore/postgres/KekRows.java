package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekIntent;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsArn;
import io.smallrye.mutiny.Uni;
import java.util.Objects;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Converts rows of `kek` from and to the domain's types.
final class KekRows {
  private KekRows() {}

  static KekName name(KekEntity row) {
    return new KekName(new KeystoreName(row.tenant, row.keystore), row.id);
  }

  /// Returns the row of this name. Fails with `UnknownKek`.
  static Uni<KekEntity> find(StatelessSession session, KekName kek) {
    return session
        .get(KekEntity.class, kek.id())
        .map(row -> row != null && name(row).equals(kek) ? row : null)
        .onItem()
        .ifNull()
        .failWith(() -> new KekFailure.UnknownKek(kek));
  }

  static KekDetails details(KekEntity row) {
    return new KekDetails(
        name(row),
        row.state,
        row.spec,
        row.state == KekState.PENDING_GENERATION ? null : row.origin,
        KmsArn.parse(row.rootKeyArn),
        row.publicKeySha256,
        row.createTime,
        row.activeTime,
        row.retireTime,
        row.destroyTime);
  }

  static void set(KekEntity row, KekIntent intent) {
    AssumedRole role = intent.rootKey().key().role();
    row.spec = intent.spec();
    row.origin = KekOrigin.KMS_GENERATED;
    row.rootKeyArn = intent.rootKey().key().arn().toString();
    row.grantId = intent.rootKey().key().grantId();
    row.roleArn = role == null ? null : role.roleArn();
    row.externalId = role == null ? null : role.externalId();
    row.kmsContext = KmsContextText.write(intent.rootKey().context());
  }

  static boolean says(KekEntity row, KekIntent intent) {
    KekEntity expected = new KekEntity();
    set(expected, intent);
    return row.spec == expected.spec
        && Objects.equals(row.rootKeyArn, expected.rootKeyArn)
        && Objects.equals(row.grantId, expected.grantId)
        && Objects.equals(row.roleArn, expected.roleArn)
        && Objects.equals(row.externalId, expected.externalId)
        && Objects.equals(row.kmsContext, expected.kmsContext);
  }
}
