/// Owns the concurrency idioms that several features share.
///
/// Imports nothing of the broker.
@NullMarked
package dev.keybroker.concurrent;

import org.jspecify.annotations.NullMarked;
