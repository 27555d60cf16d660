package dev.keybroker.keystore.postgres;

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

/// What a keystore says of its KEKs.
@Entity
@Table(name = "kek")
@NullUnmarked // filled by Hibernate
class KekRow {
  @Id UUID id;

  String tenant;
  String keystore;

  @Enumerated(EnumType.STRING)
  KekState state;

  @Column(name = "active_time")
  Instant activeTime;
}
