package dev.keybroker.keystore;

import dev.keybroker.audit.KekUse;
import dev.keybroker.audit.RefusedUnwraps;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a keystore is used.
///
/// @param keks the use of each KEK that has a private key, newest first
/// @param refused what its root keys have refused; null if that is not recorded or cannot be
///     counted
public record KeystoreUsage(Map<KekDetails, KekUse> keks, @Nullable RefusedUnwraps refused) {
  public KeystoreUsage {
    keks = Collections.unmodifiableMap(new LinkedHashMap<>(keks));
  }
}
