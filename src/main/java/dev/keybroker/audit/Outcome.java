package dev.keybroker.audit;

/// What became of a call.
public enum Outcome {
  /// Done, and the answer was released once this record was committed (or, if the call is audited
  /// `async`, at once), unless the call was cancelled, or the broker ended, in between.
  GRANTED,
  /// Not admitted: by permission, rate, the request itself, or the state of keystore, KEK or root
  /// key.
  REFUSED,
  /// The broker, a store or KMS could not, or the caller went away first.
  FAILED,
  /// A correction: the answer that an earlier record calls granted was not released.
  WITHHELD,
  /// A change of the control plane that is about to be made. What became of it says the record that
  /// refers to this one; without such a record the change may have been made or not.
  INTENDED
}
