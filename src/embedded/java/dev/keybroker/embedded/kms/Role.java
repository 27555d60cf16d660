package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/// An IAM role with its trust policy and its inline permissions policies.
record Role(
    String arn,
    String roleId,
    Instant created,
    String trustPolicy,
    int maxSessionSeconds,
    Map<String, String> policies) {

  Role {
    policies = Map.copyOf(policies);
  }

  String account() {
    return arn.split(":", 6)[4];
  }

  String name() {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }

  Role withTrustPolicy(String document) {
    return new Role(arn, roleId, created, document, maxSessionSeconds, policies);
  }

  Role withPolicy(String policyName, String document) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.put(policyName, document);
    return new Role(arn, roleId, created, trustPolicy, maxSessionSeconds, changed);
  }

  Role withoutPolicy(String policyName) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.remove(policyName);
    return new Role(arn, roleId, created, trustPolicy, maxSessionSeconds, changed);
  }
}
