/// Owns the histories: calls drawn from a seed, made by several clients at once while KMS fails and
/// brokers are killed, and what must hold afterwards. May use every test's tools.
package dev.keybroker.faults.histories;
