/// Owns the identity of callers and their permissions.
///
/// May use resource names, and nothing else of the project.
@NullMarked
package dev.keybroker.access;

import org.jspecify.annotations.NullMarked;
