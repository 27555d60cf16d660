package dev.keybroker.kms;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The calls of this broker that wait for one line. Tenants take turns, so a tenant with many calls
/// delays those of another tenant by one call at a time. Not thread-safe.
final class QuotaQueue {
  private final Map<String, ArrayDeque<CompletableFuture<Void>>> tenants = new LinkedHashMap<>();

  /// Returns the most calls that can come before the next call of this tenant.
  int before(String tenant) {
    ArrayDeque<CompletableFuture<Void>> own = tenants.get(tenant);
    int turns = own == null ? 1 : own.size() + 1;
    return tenants.entrySet().stream()
            .filter(other -> !other.getKey().equals(tenant))
            .mapToInt(other -> Math.min(turns, other.getValue().size()))
            .sum()
        + turns
        - 1;
  }

  void add(String tenant, CompletableFuture<Void> call) {
    tenants.computeIfAbsent(tenant, it -> new ArrayDeque<>()).add(call);
  }

  void remove(String tenant, CompletableFuture<Void> call) {
    ArrayDeque<CompletableFuture<Void>> own = tenants.get(tenant);
    if (own != null && own.removeIf(other -> other == call) && own.isEmpty()) {
      tenants.remove(tenant);
    }
  }

  boolean isEmpty() {
    return tenants.isEmpty();
  }

  /// Removes and returns the call whose turn it is; null if none waits.
  @Nullable CompletableFuture<Void> next() {
    Map.Entry<String, ArrayDeque<CompletableFuture<Void>>> first =
        tenants.entrySet().stream().findFirst().orElse(null);
    if (first == null) {
      return null;
    }
    tenants.remove(first.getKey());
    CompletableFuture<Void> call = first.getValue().remove();
    if (!first.getValue().isEmpty()) {
      tenants.put(first.getKey(), first.getValue());
    }
    return call;
  }
}
