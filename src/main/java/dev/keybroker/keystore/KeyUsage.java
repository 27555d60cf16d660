package dev.keybroker.keystore;

import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsRequestCounts;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What uses a KMS key.
///
/// @param key never an alias
/// @param keks how many KEKs in each state have their private key under it
/// @param keystores those of the KEKs, and those whose root key is this key
/// @param lastUnwrap the last time that one of the KEKs opened something; null if none is on record
/// @param wraps the recent wraps on record; empty if they are not recorded
/// @param unwraps the recent unwraps and rewraps on record; empty if they are not recorded
/// @param requests what this broker has asked KMS about the key for the tenant
/// @param requestsFrom since when
/// @param neededBy what would fail if the key were disabled, for an administrator to read
public record KeyUsage(
    KmsArn key,
    Map<KekState, Integer> keks,
    List<KeystoreName> keystores,
    @Nullable Instant lastUnwrap,
    OptionalLong wraps,
    OptionalLong unwraps,
    KmsRequestCounts.Count requests,
    Instant requestsFrom,
    List<String> neededBy) {
  public KeyUsage {
    keks = Map.copyOf(keks);
    keystores = List.copyOf(keystores);
    neededBy = List.copyOf(neededBy);
  }
}
