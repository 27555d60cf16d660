/// Owns the console: pages for the people who administer keystores, and the form that API calls
/// have there.
///
/// A face like `grpc`, and a caller of its API: may use its local calls, the contract's messages
/// and the access policy. Nothing uses it.
@NullMarked
package dev.keybroker.console;

import org.jspecify.annotations.NullMarked;
