package dev.keybroker.kms;

import java.util.List;

/// What `kms:DescribeKey` reports about a key, as far as a root key needs it.
///
/// @param keyArn the key ARN, even if the request named an alias
/// @param usage AWS's KeyUsage, e.g. `ENCRYPT_DECRYPT`
/// @param spec AWS's KeySpec, e.g. `SYMMETRIC_DEFAULT`
/// @param customerManaged whether AWS's KeyManager is `CUSTOMER`
/// @param inCustomKeyStore whether the key material is in a CloudHSM or external key store
/// @param regions the regions of the key; for a multi-Region key, those of its primary and replicas
public record KmsKeyDescription(
    KmsArn keyArn,
    KmsKeyState state,
    String usage,
    String spec,
    boolean customerManaged,
    boolean inCustomKeyStore,
    List<String> regions) {
  public KmsKeyDescription {
    regions = List.copyOf(regions);
  }
}
