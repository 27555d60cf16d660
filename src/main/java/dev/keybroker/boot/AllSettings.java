package dev.keybroker.boot;

import dev.keybroker.access.AccessConfig;
import dev.keybroker.access.InFlightConfig;
import dev.keybroker.access.MtlsConfig;
import dev.keybroker.access.RateLimitConfig;
import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.console.ConsoleConfig;
import dev.keybroker.dek.OpenedSecretsConfig;
import dev.keybroker.dek.UnwrapLaneConfig;
import dev.keybroker.dek.WrapSessionConfig;
import dev.keybroker.grpc.transport.ConnectionConfig;
import dev.keybroker.grpc.transport.TlsConfig;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.RootKeyConfig;
import dev.keybroker.kek.redis.RedisConfig;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.keystore.KmsContextConfig;
import dev.keybroker.keystore.ReEncryptionConfig;
import dev.keybroker.keystore.RotationConfig;
import dev.keybroker.kms.KmsGuardConfig;
import dev.keybroker.kms.KmsQuotaConfig;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.postgres.PostgresConfig;
import java.util.List;

/// The interfaces of all settings, whose bounds the start checks.
final class AllSettings {
  static final List<Class<?>> INTERFACES =
      List.of(
          AccessConfig.class,
          InFlightConfig.class,
          MtlsConfig.class,
          RateLimitConfig.class,
          JwtConfig.class,
          AuditConfig.class,
          DeliveryConfig.class,
          ShutdownConfig.class,
          ConsoleConfig.class,
          OpenedSecretsConfig.class,
          UnwrapLaneConfig.class,
          WrapSessionConfig.class,
          ConnectionConfig.class,
          TlsConfig.class,
          KekCacheConfig.class,
          RootKeyConfig.class,
          RedisConfig.class,
          KeystoreConfig.class,
          KmsContextConfig.class,
          ReEncryptionConfig.class,
          RotationConfig.class,
          KmsGuardConfig.class,
          KmsQuotaConfig.class,
          AwsConfig.class,
          PostgresConfig.class);

  private AllSettings() {}
}
