package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// A tenant who withdraws access is obeyed within the lifetime of private KEKs: in real time, under
/// constant load.
@QuarkusTest
class RevocationTest extends BrokerTestCase {
  private static final Duration LIFETIME = Duration.ofSeconds(2);

  @Test
  void keyDisabled_underLoad_endsUnwrapsWithinTheLifetime() {
    TestKeystore keystore = keystores.create(LIFETIME);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    try (KmsClient admin = keystores.administrator()) {
      unwrapFor(Duration.ofSeconds(3), keystore, wrapped);

      admin.disableKey(r -> r.keyId(keystore.keyArn()));
      long revoked = System.nanoTime();
      long lastBegun = unwrapUntilRefused(keystore, wrapped);

      assertTrue(
          lastBegun - revoked < LIFETIME.toNanos(),
          () -> "unwrapped " + Duration.ofNanos(lastBegun - revoked) + " after the revocation");
      assertRefused(Code.FAILED_PRECONDITION, "KMS_KEY_DISABLED", () -> unwrap(keystore, wrapped));
      assertEquals(32, wrap(keystore).getDek().size());

      admin.enableKey(r -> r.keyId(keystore.keyArn()));
      assertEquals(32, unwrap(keystore, wrapped).size());
    }
  }

  private void unwrapFor(Duration time, TestKeystore keystore, ByteString wrapped) {
    long before = services.kms().calls().on(keystore.keyArn(), "Decrypt");
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() - end < 0) {
      assertEquals(32, unwrap(keystore, wrapped).size());
    }
    long decrypts = services.kms().calls().on(keystore.keyArn(), "Decrypt") - before;
    assertTrue(decrypts > 1, "not refreshed");
  }

  /// When the last unwrap began that succeeded. Goes on a while after the first refusal, since no
  /// later one may succeed either.
  private long unwrapUntilRefused(TestKeystore keystore, ByteString wrapped) {
    long lastBegun = System.nanoTime();
    long end = lastBegun + LIFETIME.multipliedBy(2).toNanos();
    while (System.nanoTime() - end < 0) {
      long begun = System.nanoTime();
      try {
        unwrap(keystore, wrapped);
        lastBegun = begun;
      } catch (StatusRuntimeException refused) {
        assertEquals(Code.FAILED_PRECONDITION, refused.getStatus().getCode());
      }
    }
    return lastBegun;
  }
}
