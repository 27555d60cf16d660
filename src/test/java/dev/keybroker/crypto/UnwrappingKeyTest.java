package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.security.PrivateKey;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UnwrappingKeyTest {

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providersAndSpecs")
  void decapsulate_closedKey_isRefused(CryptoProvider provider, KeyPairSpec spec) {
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    byte[] encapsulated =
        encapsulator.encapsulate(TestKeks.publicKek(provider, spec)).encapsulated();
    UnwrappingKey key = TestKeks.privateKek(provider, spec);
    key.close();
    key.close();
    assertThrows(IllegalStateException.class, () -> encapsulator.decapsulate(key, encapsulated));
  }

  @Test
  void close_duringAnOperation_destroysAfterIt() {
    DestroyablePrivateKey destroyable = new DestroyablePrivateKey();
    UnwrappingKey key =
        new UnwrappingKey(
            TestKeks.publicKek(TestKeks.jdk(), KeyPairSpec.ECC_NIST_P256), destroyable);
    key.acquire();
    key.acquire();
    key.close();
    assertThrows(IllegalStateException.class, key::acquire);
    assertFalse(destroyable.isDestroyed());
    assertEquals(destroyable, key.key());
    key.release();
    assertFalse(destroyable.isDestroyed());
    key.release();
    assertTrue(destroyable.isDestroyed());
    assertThrows(IllegalStateException.class, key::key);
    key.close();
    assertEquals(1, destroyable.destructions.get());
  }

  @Test
  void close_amazonCorrettoKey_destroysTheNativeKey() {
    CryptoProvider provider = TestKeks.detected();
    assumeTrue(provider.fallbackReason().isEmpty());
    for (KeyPairSpec spec : KeyPairSpec.values()) {
      UnwrappingKey key = TestKeks.privateKek(provider, spec);
      PrivateKey inner = key.key();
      key.close();
      assertTrue(inner.isDestroyed(), spec::name);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void close_whileOthersDecapsulate_eachGetsTheSecretOrARefusal(CryptoProvider provider)
      throws Exception {
    KeyPairSpec spec = KeyPairSpec.ECC_NIST_P256;
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    EncapsulatedSecret secret = encapsulator.encapsulate(TestKeks.publicKek(provider, spec));
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < 50; round++) {
        UnwrappingKey key = TestKeks.privateKek(provider, spec);
        CountDownLatch running = new CountDownLatch(4);
        List<Future<?>> callers = new ArrayList<>();
        for (int caller = 0; caller < 4; caller++) {
          callers.add(
              threads.submit(
                  () -> {
                    for (int i = 0; ; i++) {
                      try {
                        assertEquals(
                            secret.z(), encapsulator.decapsulate(key, secret.encapsulated()));
                      } catch (IllegalStateException closed) {
                        assertTrue(i > 0);
                        return null;
                      }
                      if (i == 0) {
                        running.countDown();
                      }
                    }
                  }));
        }
        running.await();
        key.close();
        for (Future<?> caller : callers) {
          caller.get();
        }
      }
    }
  }

  private static final class DestroyablePrivateKey implements PrivateKey {

    private static final long serialVersionUID = 1L;

    final AtomicInteger destructions = new AtomicInteger();

    @Override
    public String getAlgorithm() {
      return "EC";
    }

    @Override
    public String getFormat() {
      return "PKCS#8";
    }

    @Override
    public byte[] getEncoded() {
      return new byte[0];
    }

    @Override
    public void destroy() {
      destructions.incrementAndGet();
    }

    @Override
    public boolean isDestroyed() {
      return destructions.get() > 0;
    }
  }
}
