package dev.keybroker.grpc;

import dev.keybroker.kek.KekState;
import dev.keybroker.v1.KeyUsage;
import dev.keybroker.v1.RootKeyUsage;
import java.util.List;

/// Maps the usage of root keys from the domain's type.
final class UsageMapping {
  private static final long NOT_RECORDED = -1;

  private UsageMapping() {}

  static RootKeyUsage usage(List<dev.keybroker.keystore.KeyUsage> keys) {
    return RootKeyUsage.newBuilder()
        .addAllKeys(keys.stream().map(UsageMapping::usage).toList())
        .build();
  }

  private static KeyUsage usage(dev.keybroker.keystore.KeyUsage key) {
    KeyUsage.Builder message =
        KeyUsage.newBuilder()
            .setKeyArn(key.key().toString())
            .setActiveKeks(key.keks().getOrDefault(KekState.ACTIVE, 0))
            .setRetiredKeks(key.keks().getOrDefault(KekState.RETIRED, 0))
            .setDisabledKeks(key.keks().getOrDefault(KekState.DISABLED, 0))
            .setDestroyScheduledKeks(key.keks().getOrDefault(KekState.DESTROY_SCHEDULED, 0))
            .setWraps30D(key.wraps().orElse(NOT_RECORDED))
            .setUnwraps30D(key.unwraps().orElse(NOT_RECORDED))
            .setSafeToDisable(key.neededBy().isEmpty())
            .addAllNeededBy(key.neededBy());
    key.keystores().forEach(keystore -> message.addKeystores(keystore.toString()));
    if (key.lastUnwrap() != null) {
      message.setLastDecryptTime(BrokerMapping.timestamp(key.lastUnwrap()));
    }
    return message.build();
  }
}
