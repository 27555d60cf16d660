/// Owns how the adapters reach PostgreSQL: sessions, their time limit, and the schema's migration.
///
/// May use Hibernate Reactive, Vert.x and Flyway; imports no feature.
@NullMarked
package dev.keybroker.postgres;

import org.jspecify.annotations.NullMarked;
