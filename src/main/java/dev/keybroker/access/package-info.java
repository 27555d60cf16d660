/// Owns who calls and what he may do.
///
/// May use resource names, and nothing else of the house.
@NullMarked
package dev.keybroker.access;

import org.jspecify.annotations.NullMarked;
