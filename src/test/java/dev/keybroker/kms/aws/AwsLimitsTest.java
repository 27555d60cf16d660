package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class AwsLimitsTest {
  private static final TestAwsConfig GOOD = TestAwsConfig.patient();

  @Test
  void settings_withinBounds_pass() {
    AwsLimits.check(GOOD);
    AwsLimits.check(GOOD.withSession(Duration.ofHours(12), Duration.ZERO).withMaxAttempts(1));
  }

  @Test
  void setting_outOfBounds_isNamed() {
    assertRefused("api-call-timeout", GOOD.withTimeouts(Duration.ofSeconds(1), Duration.ZERO));
    assertRefused(
        "api-call-attempt-timeout", GOOD.withTimeouts(Duration.ZERO, Duration.ofSeconds(1)));
    assertRefused(
        "api-call-attempt-timeout",
        GOOD.withTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(1)));
    assertRefused("max-attempts", GOOD.withMaxAttempts(0));
    assertRefused("max-attempts", GOOD.withMaxAttempts(6));
    assertRefused("max-concurrency", GOOD.withMaxConcurrency(0));
    assertRefused("client-cache-size", GOOD.withClientCacheSize(0));
    assertRefused("role-session-duration", GOOD.withSession(Duration.ZERO, Duration.ofSeconds(1)));
    assertRefused(
        "role-session-duration", GOOD.withSession(Duration.ofHours(13), Duration.ofSeconds(1)));
    assertRefused(
        "assume-role-retry-delay", GOOD.withSession(Duration.ofHours(1), Duration.ofMillis(-1)));
  }

  private static void assertRefused(String setting, TestAwsConfig config) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> AwsLimits.check(config));
    assertTrue(String.valueOf(refused.getMessage()).startsWith("keybroker.aws." + setting + " "));
  }
}
