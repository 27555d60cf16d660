/// Owns what runs while a native executable is built, and never in the broker.
///
/// May import the API of GraalVM's image builder; nothing imports it.
@NullMarked
package dev.keybroker.boot.nativeimage;

import org.jspecify.annotations.NullMarked;
