/// Owns the bounds of settings: how a `@ConfigMapping` interface states them, and their check.
///
/// May use `crypto`; the features state their bounds with it.
@NullMarked
package dev.keybroker.settings;

import org.jspecify.annotations.NullMarked;
