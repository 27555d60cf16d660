/// Evaluation of IAM policies: reads policy documents and decides what they allow, as AWS does,
/// with all values of the request given by the caller.
///
/// May use the JDK and Jackson databind only, and nothing else of the broker.
@NullMarked
package dev.keybroker.policy;

import org.jspecify.annotations.NullMarked;
