/// Owns the services that a broker needs and a newcomer does not have: PostgreSQL, Redis and a
/// local KMS, for dev mode, tests and benchmarks. Never packaged.
///
/// May use `embedded.kms`, and the broker's use cases to make the demo tenant.
@NullMarked
package dev.keybroker.embedded;

import org.jspecify.annotations.NullMarked;
