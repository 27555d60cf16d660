package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// EnableKey, DisableKey, ScheduleKeyDeletion and CancelKeyDeletion.
final class KeyStateOperations {

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final InstantSource clock;

  KeyStateOperations(LocalState state, KeyFinder finder, KmsAccess access, InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("EnableKey", request -> enable(request, true));
    operations.put("DisableKey", request -> enable(request, false));
    operations.put("ScheduleKeyDeletion", this::scheduleDeletion);
    operations.put("CancelKeyDeletion", this::cancelDeletion);
  }

  private ObjectNode enable(KmsRequest request, boolean enabled) {
    change(
        request,
        key -> {
          KeyChecks.hasMaterial(key);
          return key.state() == KeyState.UNAVAILABLE ? key : key.enabled(enabled);
        });
    return Json.object();
  }

  private ObjectNode scheduleDeletion(KmsRequest request) {
    int days = request.number("PendingWindowInDays", 30, 7, 30);
    KmsKey changed =
        change(
            request,
            key -> {
              KeyChecks.notPendingDeletion(key);
              if (hasReplicas(key)) {
                return key.with(KeyState.PENDING_REPLICA_DELETION, null, days);
              }
              Instant date = clock.instant().plus(Duration.ofDays(days));
              return key.with(KeyState.PENDING_DELETION, date, days);
            });
    ObjectNode answer =
        Json.object()
            .put("KeyId", changed.arn())
            .put("KeyState", changed.state().wireName())
            .put("PendingWindowInDays", days);
    @Nullable Instant date = changed.deletionDate();
    return date == null ? answer : answer.put("DeletionDate", Json.seconds(date));
  }

  private ObjectNode cancelDeletion(KmsRequest request) {
    KmsKey changed =
        change(
            request,
            key -> {
              if (!key.state().pendingDeletion()) {
                throw KmsErrors.invalidState(key.arn() + " is not pending deletion.");
              }
              return state.materials.containsKey(key.materialId())
                  ? key.enabled(false)
                  : key.with(KeyState.PENDING_IMPORT, null, null);
            });
    return Json.object().put("KeyId", changed.arn());
  }

  private boolean hasReplicas(KmsKey key) {
    return key.primary()
        && state.keys.values().stream()
            .anyMatch(k -> k.materialId().equals(key.materialId()) && !k.primary());
  }

  private KmsKey change(KmsRequest request, UnaryOperator<KmsKey> change) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    return state.change(
        () -> {
          KmsKey changed = change.apply(state.keys.getOrDefault(key.arn(), key));
          state.keys.put(key.arn(), changed);
          return changed;
        });
  }
}
