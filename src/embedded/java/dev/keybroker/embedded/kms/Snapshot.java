package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Map;

/// The content of the state file.
@SuppressWarnings("ArrayRecordComponent") // never compared
record Snapshot(
    String readme,
    byte[] sealingKey,
    List<KmsKey> keys,
    Map<String, KeyMaterial> materials,
    List<Alias> aliases,
    List<Grant> grants,
    List<User> users,
    List<Role> roles,
    List<LocalCredentials> accessKeys,
    Map<String, String> partitions,
    Map<String, String> organizations,
    List<OidcProvider> oidcProviders) {

  Snapshot {
    // A file of an earlier version has none of these.
    partitions = partitions == null ? Map.of() : partitions;
    organizations = organizations == null ? Map.of() : organizations;
    oidcProviders = oidcProviders == null ? List.of() : oidcProviders;
  }

  static final String README =
      "State of the local KMS for development and tests, which stands in for the HSMs of AWS KMS."
          + " It holds the key material of the local KMS keys in plaintext. Never use it for real"
          + " data.";
}
