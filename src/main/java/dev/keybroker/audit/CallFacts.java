package dev.keybroker.audit;

import dev.keybroker.crypto.EncryptionContext;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Collects facts for the audit trail while a call runs. Filled by one thread at a time. If the
/// call is not audited, nothing is kept.
public final class CallFacts {
  /// An instance that keeps nothing.
  public static final CallFacts UNRECORDED = new CallFacts(List.of(), false);

  private final List<String> loggableKeys;
  private final boolean recorded;
  private @Nullable UUID kek;
  private @Nullable String destination;
  private @Nullable EncryptionContext context;
  private Map<String, String> contextValues = Map.of();
  private @Nullable String kmsRequestId;

  private CallFacts(List<String> loggableKeys, boolean recorded) {
    this.loggableKeys = loggableKeys;
    this.recorded = recorded;
  }

  /// Creates an instance that keeps the facts.
  ///
  /// @param loggableKeys the keys of the encryption context whose values are kept
  public static CallFacts of(List<String> loggableKeys) {
    return new CallFacts(loggableKeys, true);
  }

  /// Sets the KEK that was used or, until one is used, the one that the request names.
  public void kek(@Nullable UUID kek) {
    if (recorded) {
      this.kek = kek;
    }
  }

  /// Sets where a DEK was moved to: the resource name of a keystore, later that of its KEK, or that
  /// of a recipient's key.
  public void destination(Object destination) {
    if (recorded) {
      this.destination = destination.toString();
    }
  }

  /// Sets the encryption context as the caller gave it.
  ///
  /// @param values returns the value of a key; null if there is none
  public void context(EncryptionContext context, Function<String, @Nullable String> values) {
    if (!recorded) {
      return;
    }
    this.context = context;
    for (String key : loggableKeys) {
      String value = values.apply(key);
      if (value != null) {
        if (contextValues.isEmpty()) {
          contextValues = new TreeMap<>();
        }
        contextValues.put(key, value);
      }
    }
  }

  /// Sets the request id of a KMS call that this call made. Null has no effect.
  public void kmsRequestId(@Nullable String id) {
    if (recorded && id != null) {
      kmsRequestId = id;
    }
  }

  AuditEvent.Detail detail() {
    return AuditEvent.Detail.of(
        kek, destination, context == null ? null : context.digest(), contextValues, kmsRequestId);
  }
}
