/// Owns the adapter that delivers the audit trail to Kinesis Data Streams.
///
/// May use `audit`, the AWS SDK, and the connections and credentials of `kms.aws`.
@NullMarked
package dev.keybroker.audit.aws;

import org.jspecify.annotations.NullMarked;
