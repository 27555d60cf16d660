package dev.keybroker.kms;

import java.util.Locale;

/// The causes that a [Hint] tells apart, each a section of `src/docs/kms-errors.md`.
public enum HintTopic {
  /// The key policy does not allow the call.
  KEY_POLICY,
  /// The key is of another account and is not there or does not allow the call: AWS does not tell.
  KEY_POLICY_OR_KEY_MISSING,
  /// The tenant's role has no permission for the call.
  ROLE_PERMISSIONS,
  /// The broker's own principal has no permission for the call.
  BROKER_PERMISSIONS,
  /// A policy denies the call whatever others allow, or one above the account's does not allow it.
  OVERRIDING_POLICY,
  /// The role cannot be assumed.
  TRUST_POLICY,
  /// The broker's session has tags, and it may not pass them on to a session of the role.
  SESSION_TAGS,
  /// STS takes the role but not the session's length or name.
  ROLE_SESSION,
  /// STS is switched off for the account in the broker's region.
  STS_REGION,
  /// AWS does not accept the broker's own credentials, or there are none.
  BROKER_CREDENTIALS,
  /// The key is disabled.
  KEY_DISABLED,
  /// The key is pending deletion.
  KEY_PENDING_DELETION,
  /// The key has no key material.
  KEY_PENDING_IMPORT,
  /// The key's custom key store is disconnected or does not answer.
  KEY_STORE_UNAVAILABLE,
  /// The key is being made or changed.
  KEY_STATE,
  /// The alias points nowhere.
  ALIAS_MISSING,
  /// There is no such key.
  KEY_MISSING,
  /// The key is in a region that the broker does not use.
  REGION_NOT_ALLOWED,
  /// The key is not a symmetric encryption key.
  ASYMMETRIC_KEY,
  /// The key belongs to AWS, not to the tenant.
  AWS_MANAGED_KEY,
  /// The key is in a custom key store, where KMS generates no key pairs.
  CUSTOM_KEY_STORE,
  /// The KEK was encrypted under another key.
  WRONG_KEY,
  /// The KEK does not decrypt under this encryption context.
  CIPHERTEXT,
  /// Too many requests.
  THROTTLED,
  /// Too many calls of the broker's own for the key at once.
  TOO_MANY_CALLS,
  /// No answer from AWS, or its own error.
  UNREACHABLE,
  /// Anything else that AWS refuses.
  REQUEST_REFUSED;

  /// The section's heading, e.g. `key-policy`.
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
