package dev.keybroker.pipeline;

/// The kind of policy that a statement is for.
public enum PolicyPlace {
  KEY_POLICY,
  IDENTITY_POLICY
}
