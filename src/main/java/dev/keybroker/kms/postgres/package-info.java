/// Owns what brokers share of the request quotas of KMS in PostgreSQL.
///
/// May use `kms`, `postgres` and Hibernate Reactive.
@NullMarked
package dev.keybroker.kms.postgres;

import org.jspecify.annotations.NullMarked;
