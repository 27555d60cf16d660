/// A local stand-in for AWS KMS, STS and a part of IAM, for development and tests: it speaks
/// the AWS wire protocols on loopback, so that the AWS SDK is on the path.
///
/// May use the JDK, Jackson databind and `dev.keybroker.policy` only; nothing of it belongs in the
/// production artefact.
@NullMarked
package dev.keybroker.embedded.kms;

import org.jspecify.annotations.NullMarked;
