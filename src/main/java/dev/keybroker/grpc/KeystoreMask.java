package dev.keybroker.grpc;

import com.google.protobuf.FieldMask;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RotationPeriod;
import java.util.HashSet;
import java.util.Set;

/// The fields that an update changes: those in the mask, all for `*`, or those that are set if
/// there is no mask.
final class KeystoreMask {
  private static final Set<String> ALL =
      Set.of(
          "display_name",
          "root_key",
          "key_pair_spec",
          "rotation_period",
          "private_kek_lifetime",
          "on_kms_outage");

  private final Keystore keystore;
  private final Set<String> fields;

  KeystoreMask(FieldMask mask, Keystore keystore) {
    this.keystore = keystore;
    if (mask.getPathsCount() == 0) {
      this.fields = set(keystore);
    } else if (mask.getPathsList().contains("*")) {
      this.fields = ALL;
    } else {
      this.fields = Set.copyOf(mask.getPathsList());
    }
  }

  private static Set<String> set(Keystore keystore) {
    Set<String> fields = new HashSet<>();
    if (!keystore.getDisplayName().isEmpty()) {
      fields.add("display_name");
    }
    if (keystore.hasRootKey()) {
      fields.add("root_key");
    }
    if (keystore.getKeyPairSpec() != KeyPairSpec.KEY_PAIR_SPEC_UNSPECIFIED) {
      fields.add("key_pair_spec");
    }
    if (keystore.getRotationPeriod() != RotationPeriod.ROTATION_PERIOD_UNSPECIFIED) {
      fields.add("rotation_period");
    }
    if (keystore.hasPrivateKekLifetime()) {
      fields.add("private_kek_lifetime");
    }
    if (keystore.getOnKmsOutage() != OnKmsOutage.ON_KMS_OUTAGE_UNSPECIFIED) {
      fields.add("on_kms_outage");
    }
    return fields;
  }

  KeystoreSettings change(KeystoreSettings before) {
    return new KeystoreSettings(
        has("display_name") ? keystore.getDisplayName() : before.displayName(),
        has("root_key") ? KeystoreMapping.rootKey(keystore.getRootKey()) : before.rootKey(),
        has("key_pair_spec")
            ? KeystoreMapping.spec(keystore.getKeyPairSpec())
            : before.keyPairSpec(),
        has("rotation_period")
            ? KeystoreMapping.rotationPeriod(keystore.getRotationPeriod())
            : before.rotationPeriod(),
        has("private_kek_lifetime")
            ? KeystoreMapping.lifetime(keystore)
            : before.privateKekLifetime(),
        has("on_kms_outage")
            ? KeystoreMapping.onKmsOutage(keystore.getOnKmsOutage())
            : before.onKmsOutage());
  }

  boolean changesRootKey() {
    return has("root_key");
  }

  private boolean has(String field) {
    return fields.contains(field);
  }
}
