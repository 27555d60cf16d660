package dev.keybroker.kms;

import java.util.List;

/// What `kms:DescribeKey` says of a key, as far as a root key needs it.
///
/// @param keyArn the key ARN, also where an alias was asked for
/// @param state AWS's KeyState, e.g. `Enabled`, `Disabled`, `PendingDeletion`
/// @param usage AWS's KeyUsage, e.g. `ENCRYPT_DECRYPT`
/// @param spec AWS's KeySpec, e.g. `SYMMETRIC_DEFAULT`
/// @param customerManaged whether AWS's KeyManager is `CUSTOMER`
/// @param inCustomKeyStore whether the key material is in a CloudHSM or external key store
/// @param regions the regions of the key, its primary and its replicas where it is a multi-Region
///     key
public record KmsKeyDescription(
    KmsArn keyArn,
    String state,
    String usage,
    String spec,
    boolean customerManaged,
    boolean inCustomKeyStore,
    List<String> regions) {
  public KmsKeyDescription {
    regions = List.copyOf(regions);
  }
}
