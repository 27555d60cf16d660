package dev.keybroker.kms.aws;

import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKeyDescription;
import dev.keybroker.kms.KmsKeyState;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.kms.model.KeyManagerType;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.MultiRegionKey;

/// Reads a key's description from the metadata that KMS returns.
final class KeyDescriptions {
  private KeyDescriptions() {}

  static KmsKeyDescription of(KeyMetadata metadata) {
    KmsArn arn = AwsArns.key(metadata.arn());
    return new KmsKeyDescription(
        arn,
        KmsKeyState.named(ResponseFields.required(metadata.keyStateAsString())),
        ResponseFields.required(metadata.keyUsageAsString()),
        ResponseFields.required(metadata.keySpecAsString()),
        metadata.keyManager() == KeyManagerType.CUSTOMER,
        inCustomKeyStore(metadata),
        regions(metadata, arn.region()));
  }

  private static boolean inCustomKeyStore(KeyMetadata metadata) {
    if (metadata.customKeyStoreId() != null) {
      return true;
    }
    return switch (metadata.origin()) {
      case AWS_CLOUDHSM, EXTERNAL_KEY_STORE -> true;
      case null, default -> false;
    };
  }

  /// Returns the key's regions, the primary's first; for a single-Region key, just that one.
  private static List<String> regions(KeyMetadata metadata, String region) {
    List<String> regions = new ArrayList<>();
    var multiRegion = metadata.multiRegionConfiguration();
    if (multiRegion != null) {
      if (multiRegion.primaryKey() != null) {
        regions.add(ResponseFields.required(multiRegion.primaryKey().region()));
      }
      for (MultiRegionKey replica : multiRegion.replicaKeys()) {
        regions.add(ResponseFields.required(replica.region()));
      }
    }
    if (!regions.contains(region)) {
      regions.add(region);
    }
    return regions;
  }
}
