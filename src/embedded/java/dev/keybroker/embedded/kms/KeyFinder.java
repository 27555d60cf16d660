package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Access;
import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Requester;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the KMS key that a request names by key id, key ARN, alias name or alias ARN.
///
/// A bare id or alias name means the caller's account and the endpoint's region; an ARN may name
/// another account, but no other region. A key whose deletion date has come is gone.
final class KeyFinder {

  private static final Pattern KEY_ID =
      Pattern.compile(
          "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}");

  private final LocalState state;
  private final InstantSource clock;

  KeyFinder(LocalState state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  /// A key, and the alias name that the request named it by; null where it named the key itself.
  record Found(KmsKey key, @Nullable String aliasName) {}

  /// The key that `reference` names, by key or by alias.
  ///
  /// @throws AwsException if there is none
  Found find(KmsRequest request, String reference) {
    String arn = arn(request.caller(), request.region(), reference);
    if (arn.contains(":alias/")) {
      Alias alias = state.consistency.aliases.seen(arn, state.aliases.get(arn));
      if (alias == null) {
        throw KmsErrors.aliasNotFound(arn);
      }
      return new Found(existing(request, alias.targetArn()), alias.name());
    }
    return new Found(existing(request, arn), null);
  }

  /// The key that `reference` names by key id or key ARN; aliases are refused.
  KmsKey findByKey(KmsRequest request, String reference) {
    if (reference.contains("alias/")) {
      throw KmsErrors.invalidKeyId(reference);
    }
    return find(request, reference).key();
  }

  /// The key, unless there is none or its deletion date has come.
  @Nullable KmsKey get(String keyArn) {
    KmsKey key = state.keys.get(keyArn);
    if (key == null || !key.state().pendingDeletion()) {
      return key;
    }
    if (key.state() == KeyState.PENDING_REPLICA_DELETION) {
      deleteReplicas(key);
      key = state.keys.getOrDefault(keyArn, key);
    }
    Instant deletion = key.deletionDate();
    if (deletion == null || clock.instant().isBefore(deletion)) {
      return key;
    }
    state.change(
        () -> {
          delete(keyArn, deletion);
          return keyArn;
        });
    return null;
  }

  /// The ARN that `reference` stands for in this account and region; nothing need be there.
  static String arn(Requester caller, String region, String reference) {
    if (reference.startsWith("alias/")) {
      return Arns.alias(caller.account(), region, reference);
    }
    if (KEY_ID.matcher(reference).matches()) {
      return Arns.key(caller.account(), region, reference);
    }
    if (!reference.startsWith("arn:")) {
      throw KmsErrors.invalidKeyId(reference);
    }
    Arn arn = Arn.parse(reference);
    if (arn == null
        || !arn.service().equals("kms")
        || !arn.partition().equals(Arns.partitionOf(arn.region()))
        || !Arn.isAccount(arn.account())
        || !(arn.resource().startsWith("key/") || arn.resource().startsWith("alias/"))) {
      throw KmsErrors.invalidArn(reference);
    }
    if (!arn.region().equals(region)) {
      throw KmsErrors.wrongRegion(arn.region());
    }
    return reference;
  }

  private KmsKey existing(KmsRequest request, String keyArn) {
    KmsKey key = get(keyArn);
    if (key != null) {
      return key;
    }
    Arn arn = Arn.parse(keyArn);
    if (arn == null || arn.account().equals(request.caller().account())) {
      throw KmsErrors.keyNotFound(keyArn);
    }
    // Across accounts AWS does not distinguish a missing key from one that is not shared.
    throw KmsAccess.denied(
        request.caller(),
        "kms:" + request.operation(),
        "resource: " + keyArn,
        Access.NO_CROSS_ACCOUNT_RESOURCE_POLICY);
  }

  /// Looks at each replica of a primary key, so that those whose time has come are gone.
  private void deleteReplicas(KmsKey primary) {
    for (KmsKey key : state.keys.values()) {
      if (key.materialId().equals(primary.materialId()) && !key.primary()) {
        get(key.arn());
      }
    }
  }

  private void delete(String keyArn, Instant at) {
    KmsKey key = state.keys.remove(keyArn);
    if (key == null) {
      return;
    }
    state.grants.remove(keyArn);
    state.aliases.values().removeIf(alias -> alias.targetArn().equals(keyArn));
    List<KmsKey> rest =
        state.keys.values().stream().filter(k -> k.materialId().equals(key.materialId())).toList();
    if (rest.isEmpty()) {
      state.materials.remove(key.materialId());
    } else if (rest.size() == 1 && rest.getFirst().state() == KeyState.PENDING_REPLICA_DELETION) {
      KmsKey primary = rest.getFirst();
      Integer days = primary.pendingWindowDays();
      Instant date = at.plus(Duration.ofDays(days == null ? 0 : days));
      state.keys.put(primary.arn(), primary.with(KeyState.PENDING_DELETION, date, days));
    }
  }
}
