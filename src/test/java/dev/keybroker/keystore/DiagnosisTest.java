package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.Kms;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Who the broker is, as AWS reports it and as the settings say.
class DiagnosisTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final Kms kms = new FakeKms(CryptoProvider.detect());
  private final String reported = kms.ownPrincipal().await().atMost(LONG);

  private String principal(Optional<String> configured) {
    return new Diagnosis(kms, configured, InstantSource.system())
        .ownPrincipal()
        .await()
        .atMost(LONG);
  }

  @Test
  void principal_notConfigured_isTheReportedOne() {
    assertEquals(reported, principal(Optional.empty()));
  }

  @Test
  void principal_configuredLikeReported_isThatOne() {
    assertEquals(reported, principal(Optional.of(reported)));
  }

  @Test
  void principal_configuredAsSomebodyElse_isRefusedWithBothNames() {
    String other = "arn:aws:iam::999999999999:role/service/other";
    Diagnosis.WrongPrincipal wrong =
        assertThrows(Diagnosis.WrongPrincipal.class, () -> principal(Optional.of(other)));
    assertTrue(wrong.getMessage().contains(other), wrong.getMessage());
    assertTrue(wrong.getMessage().contains(reported), wrong.getMessage());
  }
}
