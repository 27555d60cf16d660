package dev.keybroker.grpc;

import dev.keybroker.keystore.KekDetails;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekOrigin;
import dev.keybroker.v1.KekState;

/// Maps KEKs, as an administrator sees them, from the domain's type.
final class KekMapping {
  private KekMapping() {}

  static Kek kek(KekDetails kek) {
    Kek.Builder message =
        Kek.newBuilder()
            .setName(kek.name().toString())
            .setState(state(kek.state()))
            .setSpec(BrokerMapping.spec(kek.spec()))
            .setRootKeyArn(kek.rootKeyArn().toString())
            .setOrigin(
                switch (kek.origin()) {
                  case null -> KekOrigin.KEK_ORIGIN_UNSPECIFIED;
                  case KMS_GENERATED -> KekOrigin.KEK_ORIGIN_KMS_GENERATED;
                  case BROKER_GENERATED -> KekOrigin.KEK_ORIGIN_BROKER_GENERATED;
                })
            .setCreateTime(BrokerMapping.timestamp(kek.createTime()));
    if (kek.publicKeyFingerprint() != null) {
      message.setPublicKeyFingerprint(kek.publicKeyFingerprint());
    }
    if (kek.activeTime() != null) {
      message.setActiveTime(BrokerMapping.timestamp(kek.activeTime()));
    }
    if (kek.retireTime() != null) {
      message.setRetireTime(BrokerMapping.timestamp(kek.retireTime()));
    }
    if (kek.destroyTime() != null) {
      message.setDestroyTime(BrokerMapping.timestamp(kek.destroyTime()));
    }
    return message.build();
  }

  static KekState state(dev.keybroker.kek.KekState state) {
    return switch (state) {
      case PENDING_GENERATION -> KekState.KEK_STATE_PENDING_GENERATION;
      case ACTIVE -> KekState.KEK_STATE_ACTIVE;
      case RETIRED -> KekState.KEK_STATE_RETIRED;
      case DISABLED -> KekState.KEK_STATE_DISABLED;
      case DESTROY_SCHEDULED -> KekState.KEK_STATE_DESTROY_SCHEDULED;
      case DESTROYED -> KekState.KEK_STATE_DESTROYED;
    };
  }
}
