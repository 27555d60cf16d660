/// What the fuzz targets share. Each target lies in the package of what it tries.
///
/// Uses the JDK only.
@NullMarked
package dev.keybroker.fuzz;

import org.jspecify.annotations.NullMarked;
