package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A KMS key of one account and region, without its material (see [KeyMaterial]).
///
/// @param primaryRegion the region of the primary key; null unless the key is multi-Region
/// @param deletionDate when the key will be gone; null unless it is pending deletion
/// @param pendingWindowDays the waiting period that was asked for; null unless pending deletion
/// @param policy the key policy
/// @param rotation automatic rotation; null if it is off
record KmsKey(
    String account,
    String region,
    String keyId,
    Instant created,
    KeyAttributes attributes,
    @Nullable String primaryRegion,
    KeyState state,
    @Nullable Instant deletionDate,
    @Nullable Integer pendingWindowDays,
    String description,
    ResourcePolicy policy,
    @Nullable Rotation rotation,
    Map<String, String> tags) {

  static final String SYMMETRIC = "SYMMETRIC_DEFAULT";

  /// Automatic rotation: its period in days, and when it is due next.
  record Rotation(int periodDays, Instant next) {}

  KmsKey {
    tags = Map.copyOf(tags);
  }

  String arn() {
    return Arns.key(account, region, keyId);
  }

  /// Names the material, which the keys of a multi-Region set share.
  String materialId() {
    return account + "/" + keyId;
  }

  boolean multiRegion() {
    return primaryRegion != null;
  }

  boolean primary() {
    return region.equals(primaryRegion);
  }

  boolean symmetric() {
    return attributes.keySpec().equals(SYMMETRIC);
  }

  KmsKey enabled(boolean enabled) {
    return with(enabled ? KeyState.ENABLED : KeyState.DISABLED, null, null);
  }

  KmsKey with(KeyState newState, @Nullable Instant newDeletionDate, @Nullable Integer windowDays) {
    return new KmsKey(
        account,
        region,
        keyId,
        created,
        attributes,
        primaryRegion,
        newState,
        newDeletionDate,
        windowDays,
        description,
        policy,
        rotation,
        tags);
  }

  KmsKey withPolicy(ResourcePolicy newPolicy) {
    return new KmsKey(
        account,
        region,
        keyId,
        created,
        attributes,
        primaryRegion,
        state,
        deletionDate,
        pendingWindowDays,
        description,
        newPolicy,
        rotation,
        tags);
  }

  KmsKey withDescription(String newDescription) {
    return new KmsKey(
        account,
        region,
        keyId,
        created,
        attributes,
        primaryRegion,
        state,
        deletionDate,
        pendingWindowDays,
        newDescription,
        policy,
        rotation,
        tags);
  }

  KmsKey withRotation(@Nullable Rotation newRotation) {
    return new KmsKey(
        account,
        region,
        keyId,
        created,
        attributes,
        primaryRegion,
        state,
        deletionDate,
        pendingWindowDays,
        description,
        policy,
        newRotation,
        tags);
  }

  KmsKey withTags(Map<String, String> newTags) {
    return new KmsKey(
        account,
        region,
        keyId,
        created,
        attributes,
        primaryRegion,
        state,
        deletionDate,
        pendingWindowDays,
        description,
        policy,
        rotation,
        newTags);
  }
}
