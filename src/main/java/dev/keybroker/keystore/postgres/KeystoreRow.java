package dev.keybroker.keystore.postgres;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.util.Objects;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/// What a KEK's record carries of its keystore's row. Read only: the row belongs to
/// `keystore.postgres`.
@Entity
@IdClass(KeystoreRow.Key.class)
@Table(name = "keystore")
@NullUnmarked // filled by Hibernate
class KeystoreRow {
  /// The value of [#onKmsOutage] with which wraps are refused where the root key fails.
  static final String FAIL_CLOSED = "FAIL_CLOSED";

  @Id String tenant;
  @Id String id;

  long version;

  @Column(name = "private_kek_lifetime_millis")
  long privateKekLifetimeMillis;

  @Column(name = "on_kms_outage")
  String onKmsOutage;

  /// The composite id, as JPA wants it.
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
