/// Owns the names of metrics, tags and spans, how spans are created, and how text from outside is
/// logged.
///
/// Imports `concurrent`.
@NullMarked
package dev.keybroker.telemetry;

import org.jspecify.annotations.NullMarked;
