package dev.keybroker.grpc;

import dev.keybroker.audit.KekUse;
import dev.keybroker.audit.RefusedUnwraps;
import dev.keybroker.kek.KekState;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.v1.KekUsage;
import dev.keybroker.v1.KeyUsage;
import dev.keybroker.v1.KeystoreUsage;
import dev.keybroker.v1.KmsRequests;
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

  static KeystoreUsage usage(dev.keybroker.keystore.KeystoreUsage keystore) {
    KeystoreUsage.Builder message = KeystoreUsage.newBuilder().setRefusedUnwraps(NOT_RECORDED);
    keystore.keks().forEach((kek, use) -> message.addKeks(usage(kek, use)));
    RefusedUnwraps refused = keystore.refused();
    if (refused != null) {
      message.setRefusedUnwraps(refused.count());
      if (refused.first() != null) {
        message.setFirstRefusedTime(BrokerMapping.timestamp(refused.first()));
      }
      if (refused.last() != null) {
        message.setLastRefusedTime(BrokerMapping.timestamp(refused.last()));
      }
    }
    return message.build();
  }

  private static KekUsage usage(KekDetails kek, KekUse use) {
    KekUsage.Builder message =
        KekUsage.newBuilder()
            .setKek(kek.name().toString())
            .setState(KekMapping.state(kek.state()))
            .setWraps30D(use.wraps().orElse(NOT_RECORDED))
            .setUnwraps30D(use.unwraps().orElse(NOT_RECORDED));
    if (use.lastUnwrap() != null) {
      message.setLastDecryptTime(BrokerMapping.timestamp(use.lastUnwrap()));
    }
    return message.build();
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
            .setKmsRequests(
                KmsRequests.newBuilder()
                    .setStartTime(BrokerMapping.timestamp(key.requestsFrom()))
                    .setSymmetric(key.requests().symmetric())
                    .setRsaKeyPairs(key.requests().rsaKeyPairs())
                    .setEccKeyPairs(key.requests().eccKeyPairs()))
            .setSafeToDisable(key.neededBy().isEmpty())
            .addAllNeededBy(key.neededBy());
    key.keystores().forEach(keystore -> message.addKeystores(keystore.toString()));
    if (key.lastUnwrap() != null) {
      message.setLastDecryptTime(BrokerMapping.timestamp(key.lastUnwrap()));
    }
    return message.build();
  }
}
