/// Owns how the adapters reach PostgreSQL: sessions, their time limit, how durable a commit is, the
/// database's time, and the schema's migration.
///
/// May use Hibernate Reactive, Vert.x, Flyway and `telemetry`; imports no feature.
@NullMarked
package dev.keybroker.postgres;

import org.jspecify.annotations.NullMarked;
