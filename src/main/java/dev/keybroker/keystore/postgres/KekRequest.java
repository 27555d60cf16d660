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

/// A row of `kek_request`: the KEK that was made for a request id.
@Entity
@IdClass(KekRequest.Key.class)
@Table(name = "kek_request")
@NullUnmarked // filled by Hibernate
class KekRequest {
  @Id String tenant;
  @Id String keystore;

  @Id
  @Column(name = "request_id")
  String requestId;

  UUID kek;

  /// The composite id in the form that JPA needs.
  static final class Key implements Serializable {
    String tenant;
    String keystore;
    String requestId;

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key
          && Objects.equals(tenant, key.tenant)
          && Objects.equals(keystore, key.keystore)
          && Objects.equals(requestId, key.requestId);
    }

    @Override
    public int hashCode() {
      return Objects.hash(tenant, keystore, requestId);
    }
  }
}
