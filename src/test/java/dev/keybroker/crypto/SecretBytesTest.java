package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.Serializable;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SecretBytesTest {

  @Test
  void copyOf_callersArrayChanges_secretDoesNot() {
    byte[] source = {1, 2, 3};
    SecretBytes secret = SecretBytes.copyOf(source);
    source[0] = 9;
    assertArrayEquals(new byte[] {1, 2, 3}, secret.toByteArray());
  }

  @Test
  void toByteArray_callerChangesIt_secretDoesNot() {
    SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3});
    secret.toByteArray()[0] = 9;
    assertArrayEquals(new byte[] {1, 2, 3}, secret.toByteArray());
  }

  @Test
  void close_adoptedArray_isWiped() {
    byte[] adopted = {1, 2, 3};
    SecretBytes.adopt(adopted).close();
    assertArrayEquals(new byte[3], adopted);
  }

  @Test
  void use_afterClose_isRefused() {
    SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3});
    secret.close();
    secret.close();
    assertThrows(IllegalStateException.class, secret::toByteArray);
    assertThrows(IllegalStateException.class, () -> secret.copyTo(new byte[3], 0));
    assertEquals(3, secret.size());
  }

  @Test
  void equals_sameAndOtherBytes_tellsThemApart() {
    SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3});
    assertEquals(SecretBytes.copyOf(new byte[] {1, 2, 3}), secret);
    assertEquals(SecretBytes.copyOf(new byte[] {1, 2, 3}).hashCode(), secret.hashCode());
    assertNotEquals(SecretBytes.copyOf(new byte[] {1, 2, 4}), secret);
    assertNotEquals(SecretBytes.copyOf(new byte[] {1, 2}), secret);
    assertNotEquals(null, secret);
  }

  @Test
  void equals_closedSecrets_areEqualToThemselvesOnly() {
    SecretBytes one = SecretBytes.copyOf(new byte[] {1});
    SecretBytes other = SecretBytes.copyOf(new byte[] {2});
    one.close();
    other.close();
    assertNotEquals(one, other);
    assertEquals(one, one);
    assertNotEquals(one, SecretBytes.copyOf(new byte[] {0}));
  }

  @Test
  void toString_always_showsNoByte() {
    assertEquals("SecretBytes[2 bytes]", SecretBytes.copyOf(new byte[] {65, 66}).toString());
  }

  @Test
  void type_always_isNotSerializable() {
    assertFalse(Serializable.class.isAssignableFrom(SecretBytes.class));
  }

  @Test
  void random_twice_differs() {
    SecureRandom random = new SecureRandom();
    assertNotEquals(SecretBytes.random(32, random), SecretBytes.random(32, random));
  }

  @Test
  void toByteArray_whileClosing_isWholeOrRefused() throws Exception {
    byte[] expected = new byte[64];
    Arrays.fill(expected, (byte) 0x5a);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 2_000; round++) {
        SecretBytes secret = SecretBytes.copyOf(expected);
        CountDownLatch reading = new CountDownLatch(1);
        Future<?> reader =
            threads.submit(
                () -> {
                  reading.countDown();
                  try {
                    while (true) {
                      assertArrayEquals(expected, secret.toByteArray());
                    }
                  } catch (IllegalStateException closed) {
                    return;
                  }
                });
        reading.await();
        secret.close();
        reader.get();
      }
    }
  }
}
