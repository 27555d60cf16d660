/// Owns the access of adapters to PostgreSQL: sessions, their time limit, the durability of
/// commits, the database's time, and the migration of the schema.
///
/// May use Hibernate Reactive, Vert.x, Flyway and `telemetry`; imports no feature.
@NullMarked
package dev.keybroker.postgres;

import org.jspecify.annotations.NullMarked;
