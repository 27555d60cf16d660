package dev.keybroker.kms;

import java.util.Collection;
import java.util.TreeSet;

/// Hints on the kind of a key and on the state it is in.
final class KeyHints {
  private KeyHints() {}

  static Hint disabled(String key) {
    return new Hint(
        HintTopic.KEY_DISABLED,
        "The key "
            + key
            + " is disabled. Enable it: aws kms enable-key --key-id "
            + key
            + ". While it is disabled, nothing can be unwrapped.");
  }

  static Hint state(String key, KmsKeyState state) {
    return switch (state) {
      case PENDING_DELETION, PENDING_REPLICA_DELETION ->
          new Hint(
              HintTopic.KEY_PENDING_DELETION,
              "The key "
                  + key
                  + " is pending deletion. Cancel that before its date, then enable the key: aws"
                  + " kms cancel-key-deletion --key-id "
                  + key
                  + "; aws kms enable-key --key-id "
                  + key
                  + ". Once the key is deleted, every recording under it is lost.");
      case PENDING_IMPORT ->
          new Hint(
              HintTopic.KEY_PENDING_IMPORT,
              "The key "
                  + key
                  + " has no key material: it was never imported, was deleted, or has expired."
                  + " Import the same material again.");
      case UNAVAILABLE -> keyStoreUnavailable(key);
      case DISABLED -> disabled(key);
      case ENABLED, CREATING, UPDATING, OTHER ->
          new Hint(
              HintTopic.KEY_STATE,
              "The state of the key "
                  + key
                  + " does not allow the call. Wait until aws kms describe-key --key-id "
                  + key
                  + " shows KeyState Enabled.");
    };
  }

  static Hint keyStoreUnavailable(String key) {
    return new Hint(
        HintTopic.KEY_STORE_UNAVAILABLE,
        "The custom key store of "
            + key
            + " is disconnected or does not answer. Check its ConnectionState and"
            + " ConnectionErrorCode with aws kms describe-custom-key-stores, and connect it with"
            + " aws kms connect-custom-key-store; for an external key store, also check its proxy"
            + " and key manager.");
  }

  static Hint missing(KmsArn key) {
    if (key.isAlias()) {
      return new Hint(
          HintTopic.ALIAS_MISSING,
          "There is no alias "
              + key
              + ". Aliases belong to one account and region: aws kms list-aliases --region "
              + key.region()
              + ", as a principal of account "
              + key.account()
              + ", lists the existing ones. Create the alias, correct the ARN, or use the key's own"
              + " ARN.");
    }
    return new Hint(
        HintTopic.KEY_MISSING,
        "There is no key "
            + key
            + ". Check the key id, the account "
            + key.account()
            + " and the region "
            + key.region()
            + " in the ARN. A key exists only in its own region; a multi-Region key exists in each"
            + " of its regions, under that region's ARN. A deleted key cannot be recovered.");
  }

  static Hint regionNotAllowed(
      KmsArn key, Collection<String> regions, Collection<String> allowedRegions) {
    return new Hint(
        HintTopic.REGION_NOT_ALLOWED,
        "The key "
            + key
            + " is in "
            + String.join(", ", regions)
            + ", but the broker uses keys in "
            + String.join(", ", new TreeSet<>(allowedRegions))
            + " only. Use a key in an allowed region, or a multi-Region key with a replica in"
            + " one.");
  }

  /// @param what what the key is instead
  static Hint asymmetric(KmsArn key, String what) {
    return new Hint(
        HintTopic.ASYMMETRIC_KEY,
        "The key "
            + key
            + " cannot encrypt a KEK: it must have KeySpec SYMMETRIC_DEFAULT and KeyUsage"
            + " ENCRYPT_DECRYPT ("
            + what
            + "). Neither can be changed; create another key: aws kms create-key --region "
            + key.region()
            + ".");
  }

  static Hint awsManaged(KmsArn key) {
    return new Hint(
        HintTopic.AWS_MANAGED_KEY,
        "The key "
            + key
            + " is managed by AWS, and its policy cannot be changed. Create a customer managed key:"
            + " aws kms create-key --region "
            + key.region()
            + ".");
  }

  static Hint customKeyStore(KmsArn key) {
    return new Hint(
        HintTopic.CUSTOM_KEY_STORE,
        "The key "
            + key
            + " is in a custom key store (CloudHSM or external), where KMS generates no key pairs."
            + " The broker then generates the pair itself and needs kms:Encrypt: allow it in the"
            + " key policy in addition to kms:Decrypt and kms:DescribeKey.");
  }
}
