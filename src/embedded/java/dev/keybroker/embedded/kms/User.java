package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An IAM user with its inline policies and its tags.
record User(
    String arn,
    String userId,
    Instant created,
    Map<String, String> policies,
    @Nullable Map<String, String> tags) {

  User {
    policies = Map.copyOf(policies);
    // A state file of an earlier version has no tags.
    tags = tags == null ? Map.of() : Map.copyOf(tags);
  }

  String name() {
    return arn.substring(arn.lastIndexOf('/') + 1);
  }

  User withPolicy(String policyName, String document) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.put(policyName, document);
    return new User(arn, userId, created, changed, tags);
  }

  User withoutPolicy(String policyName) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.remove(policyName);
    return new User(arn, userId, created, changed, tags);
  }

  User withTags(Map<String, String> newTags) {
    return new User(arn, userId, created, policies, newTags);
  }
}
