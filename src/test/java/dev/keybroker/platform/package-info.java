/// The platforms on which the project builds and runs: which artefacts each of them takes, and the
/// broker without a cryptographic library for its platform.
@NullMarked
package dev.keybroker.platform;

import org.jspecify.annotations.NullMarked;
