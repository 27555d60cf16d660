package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the audit page takes from the browser.
class AuditFilterTest {
  @Test
  void time_ofABrowser_isUtc() {
    AuditFilter filter = new AuditFilter();
    filter.start = "2026-11-28T01:00";

    assertEquals(1795827600, filter.request("acme").build().getStartTime().getSeconds());
  }

  /// A timestamp of the contract ends with the year 9999.
  @ParameterizedTest
  @ValueSource(strings = {"yesterday", "+10000-01-01T00:00", "-0001-01-01T00:00"})
  void time_thatTheContractCannotHold_isRefusedByField(String time) {
    AuditFilter filter = new AuditFilter();
    filter.end = time;

    RefusedCall refused = assertThrows(RefusedCall.class, () -> filter.request("acme"));

    assertEquals(400, refused.httpStatus());
    assertTrue(refused.text().contains("`end_time`"), refused.text());
  }
}
