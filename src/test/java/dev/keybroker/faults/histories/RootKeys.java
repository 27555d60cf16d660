package dev.keybroker.faults.histories;

import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.embedded.kms.Fault.Kind;
import dev.keybroker.faults.FaultServices;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Two KMS keys and an alias that one history at a time uses, and what happens to them.
/// Thread-safe.
final class RootKeys {
  private static final int KEYS = 2;
  private static final Kind[] KINDS = Kind.values();
  private static final List<@Nullable String> OPERATIONS =
      java.util.Arrays.asList(
          null, null, "Decrypt", "GenerateDataKeyPairWithoutPlaintext", "DescribeKey");
  private static final int MOST_STRUCK = 6;
  private static final int LONGEST_LATENCY_MILLIS = 400;

  /// So long may a broker remember what KMS said: it is fresh for 2 s here, and calls under way
  /// may still bring it.
  private static final long REMEMBERED_NANOS = Duration.ofSeconds(20).toNanos();

  private final FaultServices services;
  private final Tally tally;
  private final String alias;
  private final List<String> keys = new ArrayList<>();
  private final List<ActiveFault> faults = new ArrayList<>();
  private final Set<Integer> disabled = new HashSet<>();
  private int aliased;

  /// Until when each trouble lasts; MAX_VALUE while it is in force.
  private final Map<Kind, Long> troubles = new EnumMap<>(Kind.class);

  private long disabledUntil = Long.MIN_VALUE;

  /// @param slot tells the aliases apart
  RootKeys(FaultServices services, int slot, Tally tally) {
    this.services = services;
    this.tally = tally;
    for (int i = 0; i < KEYS; i++) {
      keys.add(
          services
              .account()
              .newKey(
                  """
                  {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"kms:*","Resource":"*"}\
                  """
                      .formatted(services.services().brokerPrincipal())));
    }
    alias = services.account().alias("histories-" + slot, keys.getFirst());
  }

  /// @param which 0 and 1: a key's ARN; 2: the alias's
  String arn(int which) {
    return which < KEYS ? keys.get(which) : alias;
  }

  /// Lets KMS fail for the broker's calls of one key.
  ///
  /// @return what it does, for people
  synchronized String fault(int first, int second) {
    Kind kind = KINDS[first % KINDS.length];
    int left = first / KINDS.length;
    int key = left % KEYS;
    String operation = OPERATIONS.get(left / KEYS % OPERATIONS.size());
    int times = 1 + second % MOST_STRUCK;
    Fault fault =
        Fault.of(kind)
            .onResource(keys.get(key))
            .onCaller(services.services().brokerPrincipal())
            .times(kind == Kind.HANG ? 1 + times % 2 : times);
    if (operation != null) {
      fault = fault.onOperation(operation);
    }
    if (kind == Kind.LATENCY) {
      fault = fault.after(Duration.ofMillis(1 + second / MOST_STRUCK % LONGEST_LATENCY_MILLIS));
    }
    troubles.put(kind, Long.MAX_VALUE);
    faults.add(services.services().kms().faults().add(fault));
    tally.add(Tally.Count.KMS_FAULTS);
    return kind + " of key " + key + ", " + operation + ", " + times + " times";
  }

  /// Ends the faults.
  synchronized void calm() {
    for (ActiveFault fault : faults) {
      fault.close();
      tally.add(Tally.Count.KMS_STRUCK, fault.struck());
    }
    faults.clear();
    troubles.replaceAll(
        (kind, until) -> until == Long.MAX_VALUE ? System.nanoTime() + REMEMBERED_NANOS : until);
  }

  synchronized void disable(int key) {
    disabled.add(key);
    disabledUntil = Long.MAX_VALUE;
    services.account().kms().disableKey(it -> it.keyId(keys.get(key)));
    tally.add(Tally.Count.KEYS_DISABLED);
  }

  synchronized void enable(int key) {
    services.account().kms().enableKey(it -> it.keyId(keys.get(key)));
    disabled.remove(key);
    if (disabled.isEmpty() && disabledUntil == Long.MAX_VALUE) {
      disabledUntil = System.nanoTime() + REMEMBERED_NANOS;
    }
  }

  synchronized void moveAlias(int key) {
    services
        .account()
        .kms()
        .updateAlias(
            it ->
                it.aliasName(alias.substring(alias.indexOf(":alias/") + 1))
                    .targetKeyId(keys.get(key)));
    aliased = key;
    tally.add(Tally.Count.ALIAS_MOVES);
  }

  /// Makes all well for what follows.
  synchronized void mend() {
    calm();
    for (int key : List.copyOf(disabled)) {
      enable(key);
    }
  }

  /// As [#mend], and the alias is where it was first.
  synchronized void reset() {
    mend();
    if (aliased != 0) {
      moveAlias(0);
    }
  }

  /// Whether one of these was in force lately.
  synchronized boolean wasTroubled(Kind... kinds) {
    long now = System.nanoTime();
    for (Kind kind : kinds) {
      Long until = troubles.get(kind);
      if (until != null && (until == Long.MAX_VALUE || until - now > 0)) {
        return true;
      }
    }
    return false;
  }

  /// Whether one of the keys was disabled lately.
  synchronized boolean wasDisabled() {
    return disabledUntil == Long.MAX_VALUE
        || (disabledUntil != Long.MIN_VALUE && disabledUntil - System.nanoTime() > 0);
  }
}
