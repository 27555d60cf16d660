package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.security.SecureRandom;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CryptoProviderTest {

  @Test
  void detect_linuxOnX86_isAmazonCorrettoCryptoProvider() {
    assumeTrue("Linux".equals(System.getProperty("os.name")));
    assumeTrue("amd64".equals(System.getProperty("os.arch")));
    CryptoProvider provider = CryptoProvider.detect();
    assertTrue(provider.name().startsWith("AmazonCorrettoCryptoProvider 2."), provider::name);
    assertEquals(Optional.empty(), provider.fallbackReason());
  }

  @Test
  void detect_jarIsMissing_fallsBackToTheJdk() throws Exception {
    URL classes = CryptoProvider.class.getProtectionDomain().getCodeSource().getLocation();
    try (URLClassLoader without =
        new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader())) {
      Class<?> type = without.loadClass(CryptoProvider.class.getName());
      assertNotEquals(CryptoProvider.class, type);
      Object provider = type.getMethod("detect").invoke(null);
      assertEquals("JDK " + Runtime.version().feature(), type.getMethod("name").invoke(provider));
      assertEquals(
          Optional.of("it is not on the class path"),
          type.getMethod("fallbackReason").invoke(provider));
    }
  }

  @Test
  void secureRandom_eachProvider_givesRandomBytes() {
    for (CryptoProvider provider : TestKeks.providers()) {
      SecureRandom random = provider.secureRandom();
      assertNotEquals(SecretBytes.random(32, random), SecretBytes.random(32, random));
    }
  }
}
