package dev.keybroker.keystore.postgres;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/// What is read of a row of `former_private_key`; the columns are explained in the migration.
@Entity
@IdClass(FormerPrivateKey.Key.class)
@Table(name = "former_private_key")
@NullUnmarked // filled by Hibernate
class FormerPrivateKey {
  @Id UUID kek;

  @Id
  @Column(name = "root_key_arn")
  String rootKeyArn;

  @Id
  @Column(name = "kms_context")
  String kmsContext;

  @Column(name = "encrypted_private_key")
  byte[] encryptedPrivateKey;

  /// The composite id in the form that JPA needs.
  static final class Key implements Serializable {
    UUID kek;
    String rootKeyArn;
    String kmsContext;

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key
          && Objects.equals(kek, key.kek)
          && Objects.equals(rootKeyArn, key.rootKeyArn)
          && Objects.equals(kmsContext, key.kmsContext);
    }

    @Override
    public int hashCode() {
      return Objects.hash(kek, rootKeyArn, kmsContext);
    }
  }
}
