/// Keeps the audit trail in PostgreSQL: appends, lists, partitions by day, and the command that
/// verifies chains.
///
/// May use the Vert.x client of PostgreSQL; the command, JDBC.
@NullMarked
package dev.keybroker.audit.postgres;

import org.jspecify.annotations.NullMarked;
