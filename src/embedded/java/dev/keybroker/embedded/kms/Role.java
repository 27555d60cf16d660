package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An IAM role with its trust policy, its inline permissions policies and its tags.
record Role(
    String arn,
    String roleId,
    Instant created,
    ResourcePolicy trustPolicy,
    int maxSessionSeconds,
    Map<String, String> policies,
    @Nullable Map<String, String> tags) {

  Role {
    policies = Map.copyOf(policies);
    // A state file of an earlier version has no tags.
    tags = tags == null ? Map.of() : Map.copyOf(tags);
  }

  String account() {
    return arn.split(":", 6)[4];
  }

  String name() {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }

  Role withTrustPolicy(ResourcePolicy newTrustPolicy) {
    return new Role(arn, roleId, created, newTrustPolicy, maxSessionSeconds, policies, tags);
  }

  Role withPolicy(String policyName, String document) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.put(policyName, document);
    return new Role(arn, roleId, created, trustPolicy, maxSessionSeconds, changed, tags);
  }

  Role withoutPolicy(String policyName) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.remove(policyName);
    return new Role(arn, roleId, created, trustPolicy, maxSessionSeconds, changed, tags);
  }

  Role withTags(Map<String, String> newTags) {
    return new Role(arn, roleId, created, trustPolicy, maxSessionSeconds, policies, newTags);
  }
}
