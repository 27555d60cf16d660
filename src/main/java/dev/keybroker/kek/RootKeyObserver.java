package dev.keybroker.kek;

import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import java.time.Instant;

/// Records on a keystore how KMS answers Decrypts under its root key: the newest failure, and its
/// end. A failed Uni means that nothing was recorded.
public interface RootKeyObserver {
  /// Records a failure.
  Uni<Void> failed(KeystoreName keystore, KeyUse use, KmsFailure failure);

  /// Records a success.
  ///
  /// @param started when the call started
  Uni<Void> succeeded(KeystoreName keystore, Instant started);
}
