package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the answers of KMS leave on the keystore.
class RootKeyStatesTest {
  private static final Duration TICK = Duration.ofNanos(1);
  private static final Duration FAILURE_AGAIN = Duration.ofSeconds(30);
  private static final Duration SUCCESS_AGAIN = Duration.ofMinutes(5);
  private static final String DENIED = TestKek.KEYSTORE + " ACCESS_DENIED";

  private final TestTime time = new TestTime();
  private final TestKek test = TestKek.of(new FakeKms(CryptoProvider.detect()), Duration.ZERO);
  private final RecordedAnswers recorded = new RecordedAnswers();
  private final RootKeyStates states =
      new RootKeyStates(new TestRootKeyConfig(10), () -> recorded, time.ticker(), time);

  @BeforeEach
  void keystore_isKnown() {
    states.belongs(test.use(), TestKek.KEYSTORE);
  }

  private void answer(KmsAction operation, @Nullable Kind refusal) {
    KmsFailure failure =
        refusal == null ? null : new KmsFailure(refusal, operation.action(), "code", "", null);
    states.ended(test.use(), operation, time.ticker().read(), failure);
  }

  private void deny() {
    answer(KmsAction.DECRYPT, Kind.ACCESS_DENIED);
  }

  private void admit() {
    answer(KmsAction.DECRYPT, null);
  }

  private String admitted() {
    return TestKek.KEYSTORE + " since " + time.instant();
  }

  @Test
  void failure_thatPersists_isRecordedTwiceAMinute() {
    for (int i = 0; i < 5; i++) {
      deny();
    }
    time.pass(FAILURE_AGAIN.minus(TICK));
    deny();
    assertEquals(List.of(DENIED), recorded.list());

    time.pass(TICK);
    deny();

    assertEquals(List.of(DENIED, DENIED), recorded.list());
  }

  @Test
  void success_isRecordedEveryFiveMinutes() {
    String first = admitted();
    admit();
    time.pass(SUCCESS_AGAIN.minus(TICK));
    admit();
    assertEquals(List.of(first), recorded.list());

    time.pass(TICK);
    admit();

    assertEquals(List.of(first, admitted()), recorded.list());
  }

  @Test
  void change_isRecordedAtOnce() {
    deny();
    admit();
    deny();

    assertEquals(List.of(DENIED, admitted(), DENIED), recorded.list());
  }

  @Test
  void answer_thatWasNotRecorded_isRecordedWithTheNextOne() {
    recorded.fail(true);
    deny();
    recorded.fail(false);
    deny();
    deny();

    assertEquals(List.of(DENIED, DENIED), recorded.list());
  }

  @Test
  void success_isDatedByTheStartOfItsCall() {
    Instant started = time.instant();
    long ticks = time.ticker().read();
    time.pass(Duration.ofSeconds(3));

    states.ended(test.use(), KmsAction.DECRYPT, ticks, null);

    assertEquals(List.of(TestKek.KEYSTORE + " since " + started), recorded.list());
  }

  @ParameterizedTest
  @EnumSource(names = {"GENERATE_KEY_PAIR", "ENCRYPT"})
  void answer_toTheMakerOfAKeyPair_isLeftToIt(KmsAction operation) {
    answer(operation, Kind.ACCESS_DENIED);
    answer(operation, null);

    assertEquals(List.of(), recorded.list());
  }
}
