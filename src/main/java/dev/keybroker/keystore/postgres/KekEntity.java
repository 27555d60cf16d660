package dev.keybroker.keystore.postgres;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekState;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.NullUnmarked;

/// A row of `kek`; the columns are explained in the migration.
@Entity
@Table(name = "kek")
@NullUnmarked // filled by Hibernate
class KekEntity {
  @Id UUID id;

  String tenant;
  String keystore;

  @Enumerated(EnumType.STRING)
  KekState state;

  @Enumerated(EnumType.STRING)
  KeyPairSpec spec;

  @Enumerated(EnumType.STRING)
  KekOrigin origin;

  @Column(name = "root_key_arn")
  String rootKeyArn;

  @Column(name = "role_arn")
  String roleArn;

  @Column(name = "grant_id")
  String grantId;

  @Column(name = "external_id")
  String externalId;

  @Column(name = "kms_context")
  String kmsContext;

  @Column(name = "public_key")
  byte[] publicKey;

  @Column(name = "public_key_sha256")
  String publicKeySha256;

  @Column(name = "encrypted_private_key")
  byte[] encryptedPrivateKey;

  @Column(name = "create_time")
  Instant createTime;

  @Column(name = "lease_end")
  Instant leaseEnd;

  @Column(name = "active_time")
  Instant activeTime;

  @Column(name = "retire_time")
  Instant retireTime;

  @Column(name = "destroy_time")
  Instant destroyTime;
}
