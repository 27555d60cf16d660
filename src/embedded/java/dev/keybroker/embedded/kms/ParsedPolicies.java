package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Policy;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// Parses policies that were checked before they were stored, each once.
final class ParsedPolicies {

  private static final int CACHED = 10_000;
  private static final ConcurrentMap<String, Policy> PARSED = new ConcurrentHashMap<>();

  private ParsedPolicies() {}

  static List<Policy> of(Collection<String> documents) {
    return documents.stream().map(ParsedPolicies::of).toList();
  }

  static Policy of(String document) {
    Policy known = PARSED.get(document);
    if (known != null) {
      return known;
    }
    if (PARSED.size() >= CACHED) {
      PARSED.clear();
    }
    Policy policy = Policy.parse(document);
    PARSED.put(document, policy);
    return policy;
  }
}
