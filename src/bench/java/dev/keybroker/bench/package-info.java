/// Owns the bench: the no-op rpc that it measures against, the load and the table. Never packaged.
///
/// May use the contract, `embedded`, and tools of the machine.
@NullMarked
package dev.keybroker.bench;

import org.jspecify.annotations.NullMarked;
