package dev.keybroker.boot;

import dev.keybroker.postgres.SchemaMigration;
import jakarta.inject.Singleton;
import java.util.Locale;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Reports whether the schema of PostgreSQL is the one that this version needs. Never reports DOWN,
/// because wraps continue without PostgreSQL.
@Readiness
@Singleton
class SchemaHealth implements HealthCheck {
  private final SchemaMigration schema;

  SchemaHealth(SchemaMigration schema) {
    this.schema = schema;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("schema")
        .up()
        .withData("state", schema.state().name().toLowerCase(Locale.ROOT))
        .build();
  }
}
