package dev.keybroker.keystore.postgres;

import dev.keybroker.keystore.ReEncryption;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.NullUnmarked;

/// A row of `re_encryption`; the columns are explained in the migration.
@Entity
@Table(name = "re_encryption")
@NullUnmarked // filled by Hibernate
class ReEncryptionEntity {
  @Id UUID id;

  String tenant;
  String keystore;

  @Column(name = "request_id")
  String requestId;

  @Enumerated(EnumType.STRING)
  ReEncryption.State state;

  @Column(name = "root_key_arn")
  String rootKeyArn;

  @Column(name = "role_arn")
  String roleArn;

  @Column(name = "external_id")
  String externalId;

  @Column(name = "grant_id")
  String grantId;

  @Column(name = "kms_context")
  String kmsContext;

  int total;
  int done;
  int failed;

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

  @Column(name = "start_time")
  Instant startTime;

  @Column(name = "end_time")
  Instant endTime;

  @Column(name = "change_time")
  Instant changeTime;

  String released;

  @Column(name = "attempt_time")
  Instant attemptTime;

  int failures;
  boolean latest;
}
