package dev.keybroker.keystore;

import dev.keybroker.kms.HomeRegion;
import dev.keybroker.kms.KmsArn;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;

/// Warns of what the ARN of a KMS key tells before any call: where the key is, and whether it has
/// replicas. Thread-safe.
@Singleton
public final class KeyWarnings {
  private static final String MULTI_REGION = "key/mrk-";

  private final String home;
  private final List<String> allowedRegions;

  public KeyWarnings(HomeRegion home, KeystoreConfig config) {
    this.home = home.id();
    this.allowedRegions = config.allowedRegions().orElse(List.of());
  }

  /// Returns the warnings about a key, each a text for an administrator to read.
  public List<String> of(KmsArn key) {
    boolean isMultiRegion = key.resource().startsWith(MULTI_REGION);
    boolean isAllowed = allowedRegions.isEmpty() || allowedRegions.contains(key.region());
    List<String> warnings = new ArrayList<>();
    if (!isAllowed && !isMultiRegion) {
      warnings.add(
          "The key is in %s, but the broker uses keys in %s only. Use a key there, or a multi-Region"
                  .formatted(key.region(), allowed())
              + " key with a replica there.");
    } else if (isAllowed && !key.region().equals(home)) {
      warnings.add(
          "The key is in %s, but the broker is in %s. Changes of the key, and unwraps that call KMS,"
                  .formatted(key.region(), home)
              + " take longer, and an outage of either region stops them. Use a key in the"
              + " broker's region, if the deployment allows it.");
    }
    if (isMultiRegion) {
      warnings.add(
          allowedRegions.isEmpty()
              ? "This is a multi-Region key, but the broker calls it in %s only: the deployment does"
                      .formatted(key.region())
                  + " not name the regions in which it may call replicas."
              : "This is a multi-Region key. The broker may call it in %s. Each replica has its own"
                      .formatted(allowed())
                  + " policy and state: admit the broker in each of these regions, and to withdraw"
                  + " the key, withdraw it in each of them, replicas first.");
    }
    return warnings;
  }

  private String allowed() {
    return String.join(", ", allowedRegions);
  }
}
