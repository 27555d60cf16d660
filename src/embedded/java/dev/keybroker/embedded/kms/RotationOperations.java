package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand and
/// ListKeyRotations. A rotation adds a backing key: new ciphertexts are made under it, old ones
/// still decrypt.
final class RotationOperations {

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final Materials materials;
  private final InstantSource clock;

  RotationOperations(
      LocalState state,
      KeyFinder finder,
      KmsAccess access,
      Materials materials,
      InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.materials = materials;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("EnableKeyRotation", this::enable);
    operations.put("DisableKeyRotation", this::disable);
    operations.put("GetKeyRotationStatus", this::status);
    operations.put("RotateKeyOnDemand", this::rotateNow);
    operations.put("ListKeyRotations", this::list);
  }

  private ObjectNode enable(KmsRequest request) {
    int days = request.number("RotationPeriodInDays", 365, 90, 2560);
    KmsKey key = rotatable(request);
    set(key, new KmsKey.Rotation(days, clock.instant().plus(Duration.ofDays(days))));
    return Json.object();
  }

  private ObjectNode disable(KmsRequest request) {
    set(rotatable(request), null);
    return Json.object();
  }

  private ObjectNode status(KmsRequest request) {
    KmsKey named = finder.findByKey(request, request.required("KeyId"));
    access.check(request, named);
    materials.rotateWhenDue(named);
    KmsKey key = state.keys.getOrDefault(named.arn(), named);
    KmsKey.Rotation rotation = key.rotation();
    ObjectNode answer =
        Json.object().put("KeyId", key.arn()).put("KeyRotationEnabled", rotation != null);
    if (rotation != null) {
      answer.put("RotationPeriodInDays", rotation.periodDays());
      if (!key.state().pendingDeletion()) {
        answer.put("NextRotationDate", Json.seconds(rotation.next()));
      }
    }
    return answer;
  }

  private ObjectNode rotateNow(KmsRequest request) {
    KmsKey key = rotatable(request);
    state.change(
        () -> {
          materials.rotate(key, "ON_DEMAND", clock.instant());
          return key;
        });
    return Json.object().put("KeyId", key.arn());
  }

  private ObjectNode list(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    materials.rotateWhenDue(key);
    ObjectNode answer = Json.object().put("Truncated", false);
    ArrayNode rotations = answer.putArray("Rotations");
    for (KeyMaterial.BackingKey backing : materials.material(key).backingKeys()) {
      if (backing.rotationType() != null) {
        rotations
            .addObject()
            .put("KeyId", key.arn())
            .put("RotationDate", Json.seconds(backing.created()))
            .put("RotationType", backing.rotationType());
      }
    }
    return answer;
  }

  private KmsKey rotatable(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    KeyChecks.enabled(key);
    if (!key.symmetric()) {
      throw KmsErrors.keySpecNotValid(key.arn(), key.attributes().keySpec());
    }
    if (key.attributes().inCustomKeyStore()) {
      throw KmsErrors.originNotValid(key.arn(), key.attributes().origin());
    }
    if (key.multiRegion() && !key.primary()) {
      throw KmsErrors.unsupported(
          key.arn() + " is a replica key: rotation is a property of its primary key.");
    }
    return key;
  }

  private void set(KmsKey key, KmsKey.@Nullable Rotation rotation) {
    state.change(
        () -> state.keys.computeIfPresent(key.arn(), (arn, now) -> now.withRotation(rotation)));
  }
}
