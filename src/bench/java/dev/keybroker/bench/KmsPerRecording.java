package dev.keybroker.bench;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;

/// The same work without keybroker: one call of KMS for each recording, by the AWS SDK.
final class KmsPerRecording implements AutoCloseable {
  private static final int DEK_SIZE = 32;

  private final KmsAsyncClient kms;
  private final String key;
  private final GenerateDataKeyResponse dataKey;

  KmsPerRecording(KmsAsyncClient kms, String key) {
    this.kms = kms;
    this.key = key;
    this.dataKey = generate().join();
  }

  private CompletableFuture<GenerateDataKeyResponse> generate() {
    return kms.generateDataKey(
        request ->
            request
                .keyId(key)
                .keySpec(DataKeySpec.AES_256)
                .encryptionContext(CheckedClient.CONTEXT));
  }

  /// `kms:GenerateDataKey` for a time.
  Latencies wraps(int callers, double seconds) {
    return ClosedLoop.time(
        seconds,
        callers,
        call -> listenable(generate()),
        (call, answer) -> check(answer.plaintext().asByteArrayUnsafe().length == DEK_SIZE));
  }

  /// `kms:Decrypt` for a time.
  Latencies unwraps(int callers, double seconds) {
    SdkBytes expected = dataKey.plaintext();
    return ClosedLoop.time(
        seconds,
        callers,
        call ->
            listenable(
                kms.decrypt(
                    request ->
                        request
                            .keyId(key)
                            .ciphertextBlob(dataKey.ciphertextBlob())
                            .encryptionContext(CheckedClient.CONTEXT))),
        (call, answer) -> check(answer.plaintext().equals(expected)));
  }

  private static <T> ListenableFuture<T> listenable(CompletableFuture<T> future) {
    SettableFuture<T> listenable = SettableFuture.create();
    future.whenComplete(
        (item, failure) -> {
          if (failure == null) {
            listenable.set(item);
          } else {
            listenable.setException(failure);
          }
        });
    return listenable;
  }

  private static void check(boolean right) {
    if (!right) {
      throw new IllegalStateException("wrong answer of KMS");
    }
  }

  @Override
  public void close() {
    kms.close();
  }
}
