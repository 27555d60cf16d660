/// Owns the names of metrics and tags, and nothing else.
///
/// Imports nothing of the broker.
@NullMarked
package dev.keybroker.telemetry;

import org.jspecify.annotations.NullMarked;
