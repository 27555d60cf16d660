package dev.keybroker.audit;

/// The outcome of a call.
public enum Outcome {
  /// The broker did what was asked. It released the answer after this record was committed (or at
  /// once, if the call is audited `async`), unless the call was cancelled or the broker stopped in
  /// between.
  GRANTED,
  /// The call was not admitted because of permission, rate, the request itself, or the state of the
  /// keystore, KEK or root key.
  REFUSED,
  /// The broker, a store or KMS failed, or the caller disconnected first.
  FAILED,
  /// A correction: an earlier record says granted, but the answer was not released.
  WITHHELD,
  /// An intent: a change of the control plane is about to be made. The record that refers to this
  /// one has its outcome. Without such a record, the change may or may not have been made.
  INTENDED
}
