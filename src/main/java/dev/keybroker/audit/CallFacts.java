package dev.keybroker.audit;

import dev.keybroker.crypto.EncryptionContext;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a call tells the audit trail while it runs. Filled by one thread at a time; where the call
/// is not audited, nothing is kept.
public final class CallFacts {
  /// Keeps nothing.
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

  /// Keeps what it is told.
  ///
  /// @param loggableKeys the keys of the encryption context whose values are kept
  public static CallFacts of(List<String> loggableKeys) {
    return new CallFacts(loggableKeys, true);
  }

  /// The KEK that was used, or, until one is, the one that the request names.
  public void kek(@Nullable UUID kek) {
    if (recorded) {
      this.kek = kek;
    }
  }

  /// Where a DEK was moved to: the resource name of a keystore, then of its KEK.
  public void destination(Object destination) {
    if (recorded) {
      this.destination = destination.toString();
    }
  }

  /// The encryption context as it was given.
  public void context(EncryptionContext context, Map<String, String> pairs) {
    if (!recorded) {
      return;
    }
    this.context = context;
    for (String key : loggableKeys) {
      String value = pairs.get(key);
      if (value != null) {
        if (contextValues.isEmpty()) {
          contextValues = new TreeMap<>();
        }
        contextValues.put(key, value);
      }
    }
  }

  /// The request id of a KMS call that this call made; null changes nothing.
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
