package dev.keybroker.kms;

import java.util.Locale;

/// The causes that a [Hint] distinguishes, each with its section in `src/docs/kms-errors.md`.
public enum HintTopic {
  /// The key policy does not allow the call.
  KEY_POLICY,
  /// The key belongs to another account. It does not exist or does not allow the call; AWS does not
  /// report which.
  KEY_POLICY_OR_KEY_MISSING,
  /// The tenant's role has no permission for the call.
  ROLE_PERMISSIONS,
  /// The broker's own principal has no permission for the call.
  BROKER_PERMISSIONS,
  /// The grant is not spread yet, or it is not there.
  GRANT_NOT_SPREAD,
  /// The grant's constraint does not match the encryption context.
  GRANT_CONSTRAINT,
  /// The grant does not have the operation.
  GRANT_OPERATION,
  /// The grant was retired or revoked.
  GRANT_ENDED,
  /// KMS does not accept the token of the grant.
  GRANT_TOKEN,
  /// A policy denies the call whatever others allow, or a policy above the account does not allow
  /// it.
  OVERRIDING_POLICY,
  /// The role cannot be assumed.
  TRUST_POLICY,
  /// The broker's session has tags that it may not pass on to a session of the role.
  SESSION_TAGS,
  /// STS accepts the role but not the length or name of the session.
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
  /// The key is being created or changed.
  KEY_STATE,
  /// The alias points to no key.
  ALIAS_MISSING,
  /// The key does not exist.
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
  /// AWS throttles the requests.
  THROTTLED,
  /// The broker itself has too many calls for the key under way.
  TOO_MANY_CALLS,
  /// AWS does not answer or reports an internal error.
  UNREACHABLE,
  /// Anything else that AWS refuses.
  REQUEST_REFUSED;

  /// The section's heading, e.g. `key-policy`.
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
