package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GrantTokensTest {
  private static final KmsArn ARN =
      KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:alias/recordings");
  private static final KmsKey KEY = new KmsKey(ARN, null, "g-1");

  private final AtomicLong nanos = new AtomicLong();
  private final GrantTokens tokens = new GrantTokens(nanos::get);

  private static KeyUse use(KmsKey key, String tenant) {
    return new KeyUse(key, new KmsContext(Map.of("keybroker:tenant", tenant)));
  }

  @Test
  void token_isKeptForFiveMinutes() {
    tokens.keep(use(KEY, "acme"), "token");
    nanos.addAndGet(Duration.ofMinutes(5).toNanos() - 1);
    assertEquals(List.of("token"), tokens.of(use(KEY, "acme")));

    nanos.addAndGet(1);

    assertEquals(List.of(), tokens.of(use(KEY, "acme")));
  }

  @Test
  void token_countsForItsGrantByWhateverNameOfTheKey() {
    tokens.keep(use(KEY, "acme"), "token");
    KmsArn key = KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1");

    assertEquals(List.of("token"), tokens.of(use(KEY, "acme").of(key)));
    assertEquals(List.of(), tokens.of(use(new KmsKey(ARN, null, "g-2"), "acme")));
    assertEquals(List.of(), tokens.of(use(new KmsKey(ARN, null), "acme")));
  }

  @Test
  void token_ofOneTenant_isNotUsedForAnother() {
    tokens.keep(use(KEY, "globex"), "planted");

    assertEquals(List.of(), tokens.of(use(KEY, "acme")));
  }

  @Test
  void token_thatKmsRefused_isForgotten() {
    tokens.keep(use(KEY, "acme"), "token");

    tokens.forget(use(KEY, "acme"));

    assertEquals(List.of(), tokens.of(use(KEY, "acme")));
  }
}
