package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// Writes the `KeyMetadata` that CreateKey, DescribeKey and ReplicateKey answer with.
final class KeyMetadata {

  private KeyMetadata() {}

  static ObjectNode of(LocalState state, KmsKey key) {
    KeyAttributes attributes = key.attributes();
    ObjectNode json =
        Json.object()
            .put("AWSAccountId", key.account())
            .put("KeyId", key.keyId())
            .put("Arn", key.arn())
            .put("CreationDate", Json.seconds(key.created()))
            .put("Enabled", key.state() == KeyState.ENABLED)
            .put("Description", key.description())
            .put("KeyUsage", attributes.keyUsage())
            .put("KeyState", key.state().wireName())
            .put("Origin", attributes.origin())
            .put("KeyManager", attributes.keyManager())
            .put("CustomerMasterKeySpec", attributes.keySpec())
            .put("KeySpec", attributes.keySpec())
            .put("MultiRegion", key.multiRegion());
    if (key.deletionDate() != null) {
      json.put("DeletionDate", Json.seconds(key.deletionDate()));
    }
    if (key.state() == KeyState.PENDING_REPLICA_DELETION) {
      json.put("PendingDeletionWindowInDays", key.pendingWindowDays());
    }
    if (attributes.customKeyStoreId() != null) {
      json.put("CustomKeyStoreId", attributes.customKeyStoreId());
    }
    if (attributes.xksKeyId() != null) {
      json.putObject("XksKeyConfiguration").put("Id", attributes.xksKeyId());
    }
    List<String> algorithms = KeySpecs.algorithms(attributes.keySpec(), attributes.keyUsage());
    ArrayNode names =
        json.putArray(
            attributes.keyUsage().equals("SIGN_VERIFY")
                ? "SigningAlgorithms"
                : attributes.keyUsage().equals("KEY_AGREEMENT")
                    ? "KeyAgreementAlgorithms"
                    : "EncryptionAlgorithms");
    algorithms.forEach(names::add);
    if (key.multiRegion()) {
      json.set("MultiRegionConfiguration", multiRegion(state, key));
    }
    return json;
  }

  private static ObjectNode multiRegion(LocalState state, KmsKey key) {
    ObjectNode json =
        Json.object().put("MultiRegionKeyType", key.primary() ? "PRIMARY" : "REPLICA");
    ArrayNode replicas = Json.object().putArray("ReplicaKeys");
    for (KmsKey member : state.keys.values()) {
      if (member.materialId().equals(key.materialId())) {
        ObjectNode place = Json.object().put("Arn", member.arn()).put("Region", member.region());
        if (member.primary()) {
          json.set("PrimaryKey", place);
        } else {
          replicas.add(place);
        }
      }
    }
    json.set("ReplicaKeys", replicas);
    return json;
  }
}
