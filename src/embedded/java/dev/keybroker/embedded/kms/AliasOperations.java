package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.regex.Pattern;

/// CreateAlias, UpdateAlias, DeleteAlias and ListAliases.
final class AliasOperations {

  private static final Pattern NAME = Pattern.compile("alias/[a-zA-Z0-9/_-]{1,250}");

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final InstantSource clock;

  AliasOperations(LocalState state, KeyFinder finder, KmsAccess access, InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("CreateAlias", this::create);
    operations.put("UpdateAlias", this::update);
    operations.put("DeleteAlias", this::delete);
    operations.put("ListAliases", this::list);
  }

  private ObjectNode create(KmsRequest request) {
    String name = name(request);
    KmsKey key = target(request);
    Instant now = clock.instant();
    Alias alias = new Alias(key.account(), key.region(), name, key.keyId(), now, now);
    access.checkIdentity(request, alias.arn());
    state.change(
        () -> {
          if (state.aliases.putIfAbsent(alias.arn(), alias) != null) {
            throw KmsErrors.aliasExists(alias.arn());
          }
          state.consistency.aliases.change(alias.arn(), null);
          return alias;
        });
    return Json.object();
  }

  private ObjectNode update(KmsRequest request) {
    Alias alias = existing(request);
    KmsKey key = target(request);
    KmsKey current = state.keys.get(alias.targetArn());
    if (current != null) {
      access.checkOwn(request, current);
      if (current.symmetric() != key.symmetric()
          || !current.attributes().keyUsage().equals(key.attributes().keyUsage())) {
        throw KmsErrors.validation(
            "Aliases can be moved only between KMS keys of the same type and key usage.");
      }
    }
    state.change(
        () -> {
          state.consistency.aliases.change(alias.arn(), alias);
          return state.aliases.put(
              alias.arn(),
              new Alias(
                  alias.account(),
                  alias.region(),
                  alias.name(),
                  key.keyId(),
                  alias.created(),
                  clock.instant()));
        });
    return Json.object();
  }

  private ObjectNode delete(KmsRequest request) {
    Alias alias = existing(request);
    KmsKey current = state.keys.get(alias.targetArn());
    if (current != null) {
      access.checkOwn(request, current);
    }
    state.change(
        () -> {
          state.consistency.aliases.change(alias.arn(), alias);
          return state.aliases.remove(alias.arn());
        });
    return Json.object();
  }

  private ObjectNode list(KmsRequest request) {
    access.checkIdentity(request, "*");
    String keyId =
        request.has("KeyId") ? finder.findByKey(request, request.required("KeyId")).keyId() : "";
    return Pages.SMALL.write(
        request,
        "Aliases",
        state.aliases.values().stream()
            .filter(a -> a.account().equals(request.caller().account()))
            .filter(a -> a.region().equals(request.region()))
            .filter(a -> keyId.isEmpty() || keyId.equals(a.targetKeyId()))
            .map(
                a ->
                    Json.object()
                        .put("AliasName", a.name())
                        .put("AliasArn", a.arn())
                        .put("TargetKeyId", a.targetKeyId())
                        .put("CreationDate", Json.seconds(a.created()))
                        .put("LastUpdatedDate", Json.seconds(a.updated()))),
        "AliasName");
  }

  private Alias existing(KmsRequest request) {
    String arn = Arns.alias(request.caller().account(), request.region(), name(request));
    access.checkIdentity(request, arn);
    Alias alias = state.aliases.get(arn);
    if (alias == null) {
      throw KmsErrors.aliasNotFound(arn);
    }
    return alias;
  }

  private KmsKey target(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("TargetKeyId"));
    access.checkOwn(request, key);
    KeyChecks.notPendingDeletion(key);
    return key;
  }

  private static String name(KmsRequest request) {
    String name = request.required("AliasName");
    if (!NAME.matcher(name).matches()) {
      throw KmsErrors.validation(
          "Alias must start with the prefix \"alias/\". Please see the"
              + " documentation for valid alias names.");
    }
    if (name.startsWith("alias/aws/")) {
      throw new AwsException("NotAuthorizedException", "");
    }
    return name;
  }
}
