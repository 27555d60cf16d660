package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AuditVerification;
import dev.keybroker.v1.GetAuditVerificationRequest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The result of `audit-verify --record`, as the API returns it.
@QuarkusTest
@TestProfile(AuditVerificationTest.WithMacKey.class)
class AuditVerificationTest extends AuditChainTestCase {
  private static final byte[] MAC_KEY =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  /// A broker whose records have a MAC.
  public static final class WithMacKey implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.audit.mac-key", Base64.getEncoder().encodeToString(MAC_KEY));
    }
  }

  @BeforeEach
  void write() {
    write(MAC_KEY, Instant.now(), Map.of());
  }

  private AuditVerification last() {
    return AuditLogGrpc.newBlockingStub(channel)
        .getAuditVerification(
            GetAuditVerificationRequest.newBuilder().setParent("tenants/acme").build());
  }

  @Test
  void result_isKeptOnlyIfAsked_andIsTheLastOne() throws SQLException {
    AuditVerification before = last();
    verify(MAC_KEY).assertVerified();
    assertEquals(before, last());

    verify(MAC_KEY, "--record").assertPrinted("the result is on record in chain");
    AuditVerification passed = last();
    assertTrue(passed.getPassed());
    assertTrue(passed.hasVerifyTime());
    assertEquals(1, passed.getChains());
    assertEquals(SIZE, passed.getRecords());
    assertEquals(0, passed.getBrokenChains());
    assertTrue(passed.getPartial());
    assertTrue(passed.getAuthenticated());

    sql("update audit_record set caller = 'somebody' where chain = CHAIN and seq = 12");
    verify(MAC_KEY, "--record").assertFound("12: ALTERED");
    AuditVerification broken = last();
    assertFalse(broken.getPassed());
    assertEquals(1, broken.getBrokenChains());
    assertTrue(broken.getAuthenticated());
  }

  @Test
  void recordOfTheResult_isAChainThatVerifies_andAForgedOneIsNotAuthenticated()
      throws SQLException {
    verify(MAC_KEY, "--record").assertVerified();
    String result = last().getChain();
    assertFalse(result.equals(chain.toString()));
    verify(MAC_KEY, "--chain", UUID.fromString(result).toString())
        .assertPrinted("2 records verified");

    sql(
        "update audit_record set destination = 'chains/9/records/9/broken/0' where chain = '"
            + result
            + "' and seq = 1");
    AuditVerification forged = last();
    assertEquals(9, forged.getChains());
    assertFalse(forged.getAuthenticated());
  }
}
