/// Owns the wiring: which tier asks which, what is made once at start, start-up checks and health.
///
/// May import everything; nothing imports it.
@NullMarked
package dev.keybroker.boot;

import org.jspecify.annotations.NullMarked;
