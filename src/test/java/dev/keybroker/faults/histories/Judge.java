package dev.keybroker.faults.histories;

import dev.keybroker.embedded.kms.Fault.Kind;
import dev.keybroker.faults.histories.Script.Made;
import dev.keybroker.v1.OnKmsOutage;
import java.util.Set;

/// Whether a refusal is one that `src/docs/errors.md` documents for the rpc, and that the history
/// explains.
final class Judge {
  private static final Set<String> CHANGES =
      Set.of("DisableKek", "EnableKek", "ScheduleKekDestruction", "RestoreKek");
  private static final Set<String> WRAPS = Set.of("WrapDek", "GetPublicKek");
  private static final Set<String> UNWRAPS = Set.of("UnwrapDek", "RewrapDek");

  private final Script script;
  private final Brokers brokers;
  private final RootKeys keys;
  private final Told told;

  Judge(Script script, Brokers brokers, RootKeys keys, Told told) {
    this.script = script;
    this.brokers = brokers;
    this.keys = keys;
    this.told = told;
  }

  boolean isExplained(Ask ask, int broker, Refusal refusal, long started, long ended) {
    return switch (refusal.reason()) {
      case "" ->
          refusal.code().equals("DEADLINE_EXCEEDED") || brokers.wasAway(broker, started, ended);
      // The machine may be slow, and the broker's patience is short.
      case "STORE_UNAVAILABLE", "DEADLINE_EXCEEDED" -> true;
      case "AUDIT_UNAVAILABLE" -> !WRAPS.contains(ask.rpc());
      case "UNWRAP_OVERLOADED" -> UNWRAPS.contains(ask.rpc());
      // The answer was not on record before the private KEK's bound.
      case "PRIVATE_KEK_EXPIRED" -> UNWRAPS.contains(ask.rpc()) && script.hasShortLifetimes();
      case "KMS_UNREACHABLE" -> mayAskKms(ask);
      case "KMS_THROTTLED" -> mayAskKms(ask) && keys.wasTroubled(Kind.THROTTLING);
      case "ROOT_KEY_BUSY" -> mayAskKms(ask) && keys.wasTroubled(Kind.HANG, Kind.LATENCY);
      case "KMS_ACCESS_DENIED" -> mayAskKms(ask) && keys.wasTroubled(Kind.ACCESS_DENIED);
      case "KMS_KEY_DISABLED" -> mayAskKms(ask) && keys.wasDisabled();
      case "KEYSTORE_TEST_FAILED" ->
          Set.of("CreateKeystore", "UpdateKeystore").contains(ask.rpc())
              && (keys.wasTroubled(Kind.ACCESS_DENIED) || keys.wasDisabled());
      case "KEYSTORE_NOT_FOUND", "KEYSTORE_HAS_NO_ACTIVE_KEK" ->
          !ask.rpc().equals("CreateKeystore")
              && !told.wasThere(
                  refusal.metadata().getOrDefault("keystore", ask.keystore()), started);
      case "KEYSTORE_ALREADY_EXISTS" -> ask.rpc().equals("CreateKeystore");
      case "ETAG_MISMATCH" -> ask.withEtag();
      case "KEK_ACTIVE", "KEK_STATE_INVALID" -> CHANGES.contains(ask.rpc());
      case "KEK_DISABLED" -> UNWRAPS.contains(ask.rpc()) && told.mayBeDisabled(ask.kek());
      case "KEK_DESTROYED" ->
          (UNWRAPS.contains(ask.rpc()) || CHANGES.contains(ask.rpc()))
              && told.mayBeDestroyed(ask.kek());
      default -> false;
    };
  }

  private boolean mayAskKms(Ask ask) {
    return !CHANGES.contains(ask.rpc()) && (!WRAPS.contains(ask.rpc()) || failsClosed(ask));
  }

  private boolean failsClosed(Ask ask) {
    return script.keystores().stream()
        .filter(it -> it.name().equals(ask.keystore()))
        .map(Made::onOutage)
        .anyMatch(OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED::equals);
  }
}
