package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/// An IAM user with its inline policies.
record User(String arn, String userId, Instant created, Map<String, String> policies) {

  User {
    policies = Map.copyOf(policies);
  }

  User withPolicy(String name, String document) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.put(name, document);
    return new User(arn, userId, created, changed);
  }

  User withoutPolicy(String name) {
    Map<String, String> changed = new HashMap<>(policies);
    changed.remove(name);
    return new User(arn, userId, created, changed);
  }
}
