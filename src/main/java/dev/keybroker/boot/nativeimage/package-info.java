/// Owns code that runs only while a native executable is built.
///
/// May import the API of GraalVM's image builder; nothing imports it.
@NullMarked
package dev.keybroker.boot.nativeimage;

import org.jspecify.annotations.NullMarked;
