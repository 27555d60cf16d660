/// Owns the names of metrics, tags and spans, how a span is made, and how text from outside is
/// logged.
///
/// Imports nothing of the broker.
@NullMarked
package dev.keybroker.telemetry;

import org.jspecify.annotations.NullMarked;
