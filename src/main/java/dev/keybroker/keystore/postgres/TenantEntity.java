package dev.keybroker.keystore.postgres;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.NullUnmarked;

/// A row of `tenant`.
@Entity
@Table(name = "tenant")
@NullUnmarked // filled by Hibernate
class TenantEntity {
  @Id String id;

  @Column(name = "external_id")
  String externalId;

  @Column(name = "create_time")
  Instant createTime;
}
