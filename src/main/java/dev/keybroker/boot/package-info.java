/// Owns the wiring: the order of tiers, objects created once at startup, start-up checks and
/// health.
///
/// May import everything; nothing imports it.
@NullMarked
package dev.keybroker.boot;

import org.jspecify.annotations.NullMarked;
