package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Requester;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/// CreateGrant, ListGrants, ListRetirableGrants, RetireGrant and RevokeGrant.
final class GrantOperations {

  private static final Set<String> OPERATIONS =
      Set.of(
          "Decrypt",
          "Encrypt",
          "GenerateDataKey",
          "GenerateDataKeyWithoutPlaintext",
          "ReEncryptFrom",
          "ReEncryptTo",
          "CreateGrant",
          "RetireGrant",
          "DescribeKey",
          "GenerateDataKeyPair",
          "GenerateDataKeyPairWithoutPlaintext",
          "Sign",
          "Verify",
          "GetPublicKey");

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final InstantSource clock;

  GrantOperations(LocalState state, KeyFinder finder, KmsAccess access, InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("CreateGrant", this::create);
    operations.put("ListGrants", this::list);
    operations.put("ListRetirableGrants", this::listRetirable);
    operations.put("RetireGrant", this::retire);
    operations.put("RevokeGrant", this::revoke);
  }

  private ObjectNode create(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.check(request, key);
    KeyChecks.grantable(key);
    Grant wanted = grant(request, key);
    request.endDryRun();
    Grant grant =
        state.change(
            () -> {
              List<Grant> existing = state.grantsOf(key.arn());
              for (Grant known : existing) {
                if (known.name() != null && sameRequest(known, wanted)) {
                  return known;
                }
              }
              state.consistency.grants.change(key.arn(), existing);
              state.grants.put(
                  key.arn(), Stream.concat(existing.stream(), Stream.of(wanted)).toList());
              return wanted;
            });
    return Json.object().put("GrantId", grant.grantId()).put("GrantToken", grant.token());
  }

  private Grant grant(KmsRequest request, KmsKey key) {
    String grantee = principal(request.required("GranteePrincipal"));
    String retiring = request.text("RetiringPrincipal");
    GrantTerms terms = GrantTerms.of(request);
    List<String> operations = terms.operations();
    for (String operation : operations) {
      if (!OPERATIONS.contains(operation)) {
        throw KmsErrors.constraint(
            "operations", "Member must satisfy enum value set: " + OPERATIONS);
      }
    }
    if (operations.isEmpty()) {
      throw KmsErrors.constraint("operations", "Member must not be null");
    }
    return new Grant(
        RandomBytes.hex(32),
        key.arn(),
        grantee,
        state.entityId(grantee),
        retiring == null ? null : principal(retiring),
        operations,
        terms.contextEquals(),
        terms.contextSubset(),
        request.text("Name"),
        request.caller().accountArn(),
        clock.instant());
  }

  private String principal(String arn) {
    if (Arn.parse(arn) == null || !PolicyCheck.exists(state, arn)) {
      throw KmsErrors.invalidArn(arn);
    }
    return arn;
  }

  private static boolean sameRequest(Grant a, Grant b) {
    return Objects.equals(a.name(), b.name())
        && a.granteePrincipal().equals(b.granteePrincipal())
        && Objects.equals(a.retiringPrincipal(), b.retiringPrincipal())
        && Set.copyOf(a.operations()).equals(Set.copyOf(b.operations()))
        && Objects.equals(a.contextEquals(), b.contextEquals())
        && Objects.equals(a.contextSubset(), b.contextSubset());
  }

  private ObjectNode list(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.check(request, key);
    String id = request.text("GrantId");
    String grantee = request.text("GranteePrincipal");
    return Pages.SMALL.write(
        request,
        "Grants",
        state.grantsOf(key.arn()).stream()
            .filter(g -> id == null || id.equals(g.grantId()))
            .filter(g -> grantee == null || grantee.equals(g.granteePrincipal()))
            .map(GrantOperations::json),
        "GrantId");
  }

  private ObjectNode listRetirable(KmsRequest request) {
    String retiring = request.required("RetiringPrincipal");
    access.checkIdentity(request, "*");
    return Pages.SMALL.write(
        request,
        "Grants",
        state.grants.values().stream()
            .flatMap(List::stream)
            .filter(g -> g.keyArn().contains(":" + request.region() + ":"))
            .filter(g -> retiring.equals(g.retiringPrincipal()))
            .map(GrantOperations::json),
        "GrantId");
  }

  private ObjectNode retire(KmsRequest request) {
    Grant grant = toRetire(request);
    Requester caller = request.caller();
    boolean retiringPrincipal =
        grant.retiringPrincipal() != null && caller.is(grant.retiringPrincipal());
    boolean grantee = grant.grantedTo(caller) && grant.operations().contains("RetireGrant");
    if (!retiringPrincipal && !grantee) {
      access.check(request, finder.findByKey(request, grant.keyArn()));
    }
    request.endDryRun();
    remove(grant);
    return Json.object();
  }

  private Grant toRetire(KmsRequest request) {
    String token = request.text("GrantToken");
    if (token != null) {
      return state.grants.values().stream()
          .flatMap(List::stream)
          .filter(g -> g.token().equals(token))
          .findFirst()
          .orElseThrow(() -> new AwsException("InvalidGrantTokenException", "Invalid grant token"));
    }
    return find(
        KeyFinder.arn(request.caller(), request.region(), request.required("KeyId")),
        request.required("GrantId"));
  }

  private ObjectNode revoke(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.check(request, key);
    Grant grant = find(key.arn(), request.required("GrantId"));
    request.endDryRun();
    remove(grant);
    return Json.object();
  }

  private Grant find(String keyArn, String grantId) {
    return state.grantsOf(keyArn).stream()
        .filter(g -> g.grantId().equals(grantId))
        .findFirst()
        .orElseThrow(() -> KmsErrors.grantNotFound(grantId));
  }

  private void remove(Grant grant) {
    state.change(
        () -> {
          state.consistency.grants.change(grant.keyArn(), state.grantsOf(grant.keyArn()));
          return state.grants.computeIfPresent(
              grant.keyArn(),
              (arn, grants) -> {
                List<Grant> rest =
                    grants.stream().filter(g -> !g.grantId().equals(grant.grantId())).toList();
                return rest.isEmpty() ? null : rest;
              });
        });
  }

  private static ObjectNode json(Grant grant) {
    ObjectNode json =
        Json.object()
            .put("KeyId", grant.keyArn())
            .put("GrantId", grant.grantId())
            .put("GranteePrincipal", grant.granteePrincipal())
            .put("IssuingAccount", grant.issuingAccount())
            .put("CreationDate", Json.seconds(grant.created()));
    ArrayNode operations = json.putArray("Operations");
    grant.operations().forEach(operations::add);
    if (grant.name() != null) {
      json.put("Name", grant.name());
    }
    if (grant.retiringPrincipal() != null) {
      json.put("RetiringPrincipal", grant.retiringPrincipal());
    }
    if (grant.contextEquals() != null || grant.contextSubset() != null) {
      ObjectNode constraints = json.putObject("Constraints");
      if (grant.contextEquals() != null) {
        constraints.set("EncryptionContextEquals", Json.tree(grant.contextEquals()));
      }
      if (grant.contextSubset() != null) {
        constraints.set("EncryptionContextSubset", Json.tree(grant.contextSubset()));
      }
    }
    return json;
  }
}
