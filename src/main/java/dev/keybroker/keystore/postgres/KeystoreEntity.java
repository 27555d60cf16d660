package dev.keybroker.keystore.postgres;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RotationPeriod;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/// A row of `keystore`; the columns are explained in the migration.
@Entity
@IdClass(KeystoreEntity.Key.class)
@Table(name = "keystore")
@NullUnmarked // filled by Hibernate
class KeystoreEntity {
  @Id String tenant;
  @Id String id;

  @Column(name = "display_name")
  String displayName;

  @Column(name = "root_key_kind")
  @Enumerated(EnumType.STRING)
  RootKeyKind rootKeyKind;

  @Column(name = "kms_key_arn")
  String kmsKeyArn;

  @Column(name = "role_arn")
  String roleArn;

  @Column(name = "grant_id")
  String grantId;

  @Column(name = "key_pair_spec")
  @Enumerated(EnumType.STRING)
  KeyPairSpec keyPairSpec;

  @Column(name = "rotation_period")
  @Enumerated(EnumType.STRING)
  RotationPeriod rotationPeriod;

  @Column(name = "private_kek_lifetime_millis")
  long privateKekLifetimeMillis;

  @Column(name = "on_kms_outage")
  @Enumerated(EnumType.STRING)
  OnKmsOutage onKmsOutage;

  /// The code counts the version itself: an update is refused because of the caller's version, not
  /// because of the one that this session read.
  long version;

  @Column(name = "create_time")
  Instant createTime;

  @Column(name = "update_time")
  Instant updateTime;

  @Column(name = "next_rotation_time")
  Instant nextRotationTime;

  @Column(name = "delete_time")
  Instant deleteTime;

  @Column(name = "kek_wanted")
  boolean kekRequested;

  @Column(name = "rotation_attempt_time")
  Instant rotationAttemptTime;

  @Column(name = "rotation_reserved")
  boolean rotationReserved;

  @Column(name = "rotation_failures")
  int rotationFailures;

  @Column(name = "error_code")
  String errorCode;

  @Column(name = "error_action")
  String errorAction;

  @Column(name = "error_message")
  String errorMessage;

  @Column(name = "error_hint")
  String errorHint;

  @Column(name = "error_request_id")
  String errorRequestId;

  @Column(name = "error_time")
  Instant errorTime;

  @Column(name = "error_since")
  Instant errorSince;

  /// The kinds of root key.
  enum RootKeyKind {
    AWS_KMS,
    BROKER_MANAGED
  }

  /// The composite id in the form that JPA needs.
  static final class Key implements Serializable {
    String tenant;
    String id;

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key
          && Objects.equals(tenant, key.tenant)
          && Objects.equals(id, key.id);
    }

    @Override
    public int hashCode() {
      return Objects.hash(tenant, id);
    }
  }
}
