/// Owns the names of metrics, tags and spans, and how a span is made.
///
/// Imports nothing of the broker.
@NullMarked
package dev.keybroker.telemetry;

import org.jspecify.annotations.NullMarked;
