/// Owns the adapter that reaches AWS KMS, and AWS STS for the tenants' roles, through the AWS SDK.
///
/// May use `kms`, `crypto`, `telemetry` and the AWS SDK; only `boot` uses it.
@NullMarked
package dev.keybroker.kms.aws;

import org.jspecify.annotations.NullMarked;
