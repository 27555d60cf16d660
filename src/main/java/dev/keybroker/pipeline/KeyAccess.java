package dev.keybroker.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.policy.Access;
import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.PolicyStatement.Match;
import dev.keybroker.policy.Requester;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The use of a customer managed key by a role, through a service of AWS.
///
/// What is not known is supposed twice, once for the role and once against it. Between an answer
/// that is the same both times and one that is not lies what could be judged.
///
/// @param sid the id of the statement that allows it
record KeyAccess(
    PipelineHop hop,
    PipelineRole role,
    PipelineKey key,
    List<String> actions,
    KmsCaller caller,
    String sid) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int KEYS_NAMED = 8;

  private static final Policy ANYTHING =
      Policy.parse(
          """
          {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}\
          """);
  private static final Policy NOTHING = new Policy(List.of());

  /// The global condition keys whose values the request gives.
  private static final Set<String> GLOBAL =
      Set.of(
          "aws:principalarn",
          "aws:principalaccount",
          "aws:principaltype",
          "aws:principalisawsservice",
          "aws:requestedregion",
          "aws:resourceaccount",
          "aws:securetransport",
          "aws:viaawsservice",
          "aws:username");

  /// The condition keys of KMS whose values only AWS knows.
  private static final Set<String> UNKNOWN_OF_KMS =
      Set.of("kms:keyorigin", "kms:requestalias", "kms:resourcealiases");

  /// Returns what keeps the role from using the key, if anything does.
  Optional<PipelineFinding> finding() {
    List<String> refused = new ArrayList<>();
    List<String> open = new ArrayList<>();
    for (String action : actions) {
      if (!allows(action, true)) {
        refused.add(action);
      } else if (!allows(action, false)) {
        open.add(action);
      }
    }
    if (refused.isEmpty() && open.isEmpty()) {
      return Optional.empty();
    }
    boolean fails = !refused.isEmpty();
    String what =
        (fails
                ? "Role %s is refused %s on the key %s."
                : "Role %s may be refused %s on the key %s.")
            .formatted(role.arn(), String.join(" and ", fails ? refused : open), key.arn());
    return Optional.of(
        new PipelineFinding(
            fails ? PipelineSeverity.ERROR : PipelineSeverity.NOT_JUDGED,
            hop,
            what,
            String.join(" ", reasons(fails ? refused : open)),
            statements()));
  }

  private boolean allows(String action, boolean favourable) {
    return Access.decide(
            requester(favourable),
            key.arn().account(),
            keyPolicy(favourable),
            false,
            action,
            key.arn().toString(),
            context())
        == Access.ALLOWED;
  }

  private List<String> reasons(List<String> of) {
    List<String> reasons = new ArrayList<>();
    boolean keyDenies = of.stream().anyMatch(this::keyPolicyDenies);
    boolean roleDenies = of.stream().anyMatch(this::rolesPoliciesDeny);
    if (keyDenies) {
      reasons.add("The key policy denies it explicitly; no statement outweighs that.");
    }
    if (roleDenies) {
      reasons.add("A policy of the role denies it explicitly; no statement outweighs that.");
    }
    if (key.policy() == null) {
      reasons.add("The key policy is not given.");
    } else if (!keyDenies && best(true) == Match.NONE) {
      reasons.add("The key policy does not allow it.");
    }
    if (!roleDenies && best(true) != Match.NONE && needsRolesPolicies()) {
      reasons.add(
          ownAccount()
              ? "The key policy leaves it to the account, so a policy of the role must allow it."
              : "The key is in another account than the role, so both the key policy and a policy"
                  + " of the role must allow it.");
      reasons.add(
          role.policies().isEmpty()
              ? "The role's policies are not given."
              : "No policy of the role is known to allow it.");
    }
    Set<String> keys = unknownKeys();
    if (!keys.isEmpty()) {
      reasons.add(
          "The policies have conditions on values that only AWS knows: "
              + String.join(", ", keys.stream().limit(KEYS_NAMED).toList())
              + (keys.size() > KEYS_NAMED ? " and others." : "."));
    }
    return reasons;
  }

  private boolean keyPolicyDenies(String action) {
    return keyPolicy(true).denies(requester(true), action, key.arn().toString(), context());
  }

  private boolean rolesPoliciesDeny(String action) {
    return requester(true).policies().stream()
        .anyMatch(policy -> policy.says(false, action, key.arn().toString(), context()));
  }

  private boolean needsRolesPolicies() {
    return (!ownAccount() || best(false) != Match.DIRECT) && !rolesPoliciesAllow();
  }

  private boolean rolesPoliciesAllow() {
    return actions.stream()
        .allMatch(
            action ->
                requester(false).policies().stream()
                    .anyMatch(p -> p.says(true, action, key.arn().toString(), context())));
  }

  /// The match of the key policy with that action which it allows least.
  private Match best(boolean favourable) {
    return actions.stream()
        .map(
            action ->
                keyPolicy(favourable)
                    .allows(requester(favourable), action, key.arn().toString(), context()))
        .min(Comparator.naturalOrder())
        .orElse(Match.NONE);
  }

  private Set<String> unknownKeys() {
    Set<String> keys = new TreeSet<>();
    Policy policy = key.policy();
    if (policy != null) {
      keys.addAll(policy.keysOutside(this::known));
    }
    role.policies().forEach(p -> keys.addAll(p.keysOutside(this::known)));
    return keys;
  }

  /// The fewest statements that suffice. None do against an explicit deny.
  private List<StatementToAdd> statements() {
    if (actions.stream().anyMatch(a -> keyPolicyDenies(a) || rolesPoliciesDeny(a))) {
      return List.of();
    }
    List<StatementToAdd> statements = new ArrayList<>();
    Match match = best(false);
    if (match == Match.NONE) {
      statements.add(
          new StatementToAdd(
              PolicyPlace.KEY_POLICY, key.arn().toString(), statement(/* ofKey= */ true)));
    }
    boolean byRole = !ownAccount() || match == Match.ACCOUNT;
    if (byRole && !rolesPoliciesAllow()) {
      statements.add(
          new StatementToAdd(
              PolicyPlace.IDENTITY_POLICY, role.arn().toString(), statement(/* ofKey= */ false)));
    }
    return statements;
  }

  private String statement(boolean ofKey) {
    ObjectNode statement = JSON.createObjectNode().put("Sid", sid).put("Effect", "Allow");
    if (ofKey) {
      statement.putObject("Principal").put("AWS", role.arn().toString());
    }
    statement.set("Action", JSON.valueToTree(actions));
    statement.put("Resource", ofKey ? "*" : key.arn().toString());
    ObjectNode condition = statement.putObject("Condition");
    if (caller.serviceKnown()) {
      condition.putObject("StringEquals").put("kms:ViaService", caller.service());
    }
    String operator = caller.oneValue() ? "StringEquals" : "StringLike";
    condition.withObject("/" + operator).put(caller.conditionKey(), caller.pattern());
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(statement);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean ownAccount() {
    return role.arn().account().equals(key.arn().account());
  }

  private Policy keyPolicy(boolean favourable) {
    Policy policy = key.policy();
    if (policy == null) {
      return favourable ? ANYTHING : NOTHING;
    }
    return policy.ofKey().supposing(this::known, favourable);
  }

  private Requester requester(boolean favourable) {
    Arn arn = role.arn();
    List<Policy> policies =
        role.policies().isEmpty()
            ? List.of(favourable ? ANYTHING : NOTHING)
            : role.policies().stream().map(p -> p.supposing(this::known, favourable)).toList();
    return new Requester(
        Requester.Kind.SESSION,
        arn.account(),
        "arn:%s:sts::%s:assumed-role/%s/pipeline"
            .formatted(arn.partition(), arn.account(), arn.name()),
        arn.toString(),
        "unknown",
        policies,
        null,
        Map.of(),
        Map.of());
  }

  private PolicyContext context() {
    PolicyContext context =
        PolicyContext.of(requester(true), key.arn().region())
            .put("aws:PrincipalIsAWSService", "false")
            .put("aws:ResourceAccount", key.arn().account())
            .put("aws:SecureTransport", "true")
            .put("kms:CallerAccount", role.arn().account())
            .put("kms:KeySpec", "SYMMETRIC_DEFAULT")
            .put("kms:KeyUsage", "ENCRYPT_DECRYPT")
            .put("kms:MultiRegion", String.valueOf(key.arn().name().startsWith("mrk-")));
    caller.describe(context);
    return context;
  }

  /// Whether the request gives the value of a condition key, named in lower case.
  private boolean known(String name) {
    return GLOBAL.contains(name)
        || (name.startsWith("kms:")
            && !UNKNOWN_OF_KMS.contains(name)
            && (caller.serviceKnown() || !name.equals("kms:viaservice")));
  }
}
