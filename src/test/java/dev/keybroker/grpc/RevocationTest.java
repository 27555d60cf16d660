package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// A tenant who withdraws access is obeyed within the lifetime of private KEKs: in real time, under
/// constant load.
@QuarkusTest
class RevocationTest extends BrokerTestCase {
  private static final Duration LIFETIME = Duration.ofSeconds(2);

  /// Between the broker's last look at the bound and this test's look at its clock.
  private static final Duration ON_THE_WAY = Duration.ofSeconds(1);

  @Test
  void keyDisabled_underLoad_endsUnwrapsWithinTheLifetime() {
    TestKeystore keystore = keystores.create(LIFETIME);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    try (KmsClient admin = keystores.administrator()) {
      unwrapFor(Duration.ofSeconds(3), keystore, wrapped);

      admin.disableKey(r -> r.keyId(keystore.keyArn()));
      long revoked = System.nanoTime();
      long lastReleased = unwrapUntilRefused(keystore, wrapped);

      assertTrue(
          lastReleased - revoked < LIFETIME.plus(ON_THE_WAY).toNanos(),
          () -> "released " + Duration.ofNanos(lastReleased - revoked) + " after the revocation");
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
      try {
        assertEquals(32, unwrap(keystore, wrapped).size());
      } catch (StatusRuntimeException e) {
        // On a machine so slow that the refresh came too late.
        assertRetryableExpiry(e);
      }
    }
    long decrypts = services.kms().calls().on(keystore.keyArn(), "Decrypt") - before;
    assertTrue(decrypts > 1, "not refreshed");
  }

  /// A DEK whose private KEK was decrypted in time is not released past the bound of that key
  /// because its record takes long to commit.
  @Test
  void commitSlowerThanTheLifetime_withholdsTheDek() throws Exception {
    TestKeystore keystore = keystores.create(LIFETIME);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    unwrap(keystore, wrapped);
    Thread freezer = Thread.ofVirtual().start(() -> freezePostgres(LIFETIME.multipliedBy(3)));
    List<String> reasons = new ArrayList<>();
    while (freezer.isAlive()) {
      long started = System.nanoTime();
      try {
        unwrap(keystore, wrapped);
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        assertTrue(took.compareTo(LIFETIME.plus(ON_THE_WAY)) < 0, () -> "released after " + took);
      } catch (StatusRuntimeException refused) {
        reasons.add(reasonOf(Objects.requireNonNull(StatusProto.fromThrowable(refused))));
      }
    }
    freezer.join();

    assertTrue(reasons.contains("PRIVATE_KEK_EXPIRED"), reasons::toString);
    assertEquals(32, unwrap(keystore, wrapped).size());
  }

  private static void assertRetryableExpiry(StatusRuntimeException refused) {
    assertEquals(
        "PRIVATE_KEK_EXPIRED",
        reasonOf(Objects.requireNonNull(StatusProto.fromThrowable(refused))));
  }

  private void freezePostgres(Duration time) {
    try {
      services.postgres().freeze(time);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /// When the last DEK arrived. Goes on a while after the first refusal, since no
  /// later one may succeed either.
  private long unwrapUntilRefused(TestKeystore keystore, ByteString wrapped) {
    long lastReleased = System.nanoTime();
    long end = lastReleased + LIFETIME.multipliedBy(2).toNanos();
    while (System.nanoTime() - end < 0) {
      try {
        unwrap(keystore, wrapped);
        lastReleased = System.nanoTime();
      } catch (StatusRuntimeException refused) {
        if (refused.getStatus().getCode() != Code.FAILED_PRECONDITION) {
          assertRetryableExpiry(refused);
        }
      }
    }
    return lastReleased;
  }
}
