package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.CLIENTS;
import static dev.keybroker.grpc.SecuredBroker.MEDIA;
import static dev.keybroker.grpc.SecuredBroker.MEDIA_SERVER;
import static dev.keybroker.grpc.TrustingBroker.DNS_AUTHORITIES;
import static dev.keybroker.grpc.TrustingBroker.HOST;
import static dev.keybroker.grpc.TrustingBroker.HOSTS;
import static dev.keybroker.grpc.TrustingBroker.PARTNER;
import static dev.keybroker.grpc.TrustingBroker.PARTNERS;
import static dev.keybroker.grpc.TrustingBroker.PARTNER_BUNDLE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.KeyBrokerGrpc;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.logging.LogRecord;
import java.util.stream.Stream;
import org.jboss.logmanager.ExtLogRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Which authorities may vouch for which names, and that nobody connects without a certificate if
/// certificates are the only proof. Over the network.
@QuarkusTest
@TestProfile(TrustingBroker.class)
class ClientTrustTest extends BrokerTestCase {
  private static final String LET_IN = "NOT_FOUND/KEYSTORE_NOT_FOUND";
  private static final String NOT_CONNECTED = "not connected";

  @Inject MeterRegistry meters;

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, MEDIA_SERVER);
  }

  @AfterEach
  void restoreFiles() {
    TrustingBroker.writeFiles();
    await(() -> isLetIn(MEDIA_SERVER) && isLetIn(PARTNER) && isLetIn(HOST));
  }

  /// The reason for which the broker refuses a call of this client, once it is connected.
  private String call(@Nullable Issued client, X509Certificate... issuers) {
    ManagedChannel secured = SecuredBroker.builder(address.grpcPort(), client, issuers).build();
    try {
      StatusRuntimeException refusal =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  KeyBrokerGrpc.newBlockingStub(secured)
                      .wrapDek(wrapRequest("tenants/none/keystores/none", Map.of())));
      return refusal.getStatus().getCode() == Code.UNAVAILABLE
          ? NOT_CONNECTED
          : BrokerClient.reason(refusal);
    } finally {
      secured.shutdownNow();
    }
  }

  /// Whether this client is a caller, who learns that there is no such keystore.
  private boolean isLetIn(Issued client, X509Certificate... issuers) {
    String reason = call(client, issuers);
    assertTrue(reason.equals(LET_IN) || reason.equals(NOT_CONNECTED), reason);
    return reason.equals(LET_IN);
  }

  private double refused(String cause) {
    return meters.get(Metrics.CONNECTIONS_REFUSED).tag(Metrics.CAUSE, cause).counter().count();
  }

  private double failures() {
    return meters.get(Metrics.TLS_RELOAD_FAILURES).counter().count();
  }

  @Test
  void callers_ofEachTrustDomain_andOfDnsNames_areLetIn() {
    assertTrue(isLetIn(MEDIA_SERVER));
    assertTrue(isLetIn(PARTNER));
    assertTrue(isLetIn(HOST));
  }

  @Test
  void caller_ofAnIntermediateAuthority_isLetIn() {
    TestAuthority intermediate = CLIENTS.intermediate("below clients");
    assertTrue(
        isLetIn(intermediate.issue("media", new Request().uri(MEDIA)), intermediate.certificate()));
  }

  static Stream<Arguments> foreign() {
    Request ours = new Request().uri(MEDIA);
    return Stream.of(
        Arguments.of("our id of a partner's authority", PARTNERS.issue("x", ours), "untrusted"),
        Arguments.of(
            "a partner's id of our authority",
            CLIENTS.issue("x", new Request().uri("spiffe://partner.example/export")),
            "untrusted"),
        Arguments.of("our id of an authority of DNS names", HOSTS.issue("x", ours), "untrusted"),
        Arguments.of(
            "a DNS name of our SPIFFE authority",
            CLIENTS.issue("x", new Request().dns("recorder.example")),
            "untrusted"),
        Arguments.of(
            "an id of a trust domain without a bundle",
            CLIENTS.issue("x", new Request().uri("spiffe://other.example/media")),
            "trust_domain"),
        Arguments.of(
            "our id of a stranger", TestAuthority.create("clients").issue("x", ours), "untrusted"),
        Arguments.of(
            "a certificate that is over",
            CLIENTS.issue("x", new Request().uri(MEDIA).until(Instant.now().minusSeconds(60))),
            "untrusted"),
        Arguments.of(
            "nobody's name of a stranger",
            TestAuthority.create("clients").issue("x", new Request()),
            "untrusted"),
        Arguments.of("no certificate", null, "certificate_missing"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("foreign")
  void certificate_thatItsAuthorityMayNotIssue_doesNotConnect(
      String what, @Nullable Issued client, String cause) {
    double before = refused(cause);

    assertEquals(NOT_CONNECTED, call(client));
    await(() -> refused(cause) > before);
  }

  @Test
  void idOfAPartner_byAnIntermediateOfOurs_doesNotConnect() {
    TestAuthority intermediate = CLIENTS.intermediate("below clients");
    Issued client = intermediate.issue("x", new Request().uri("spiffe://partner.example/export"));

    assertEquals(NOT_CONNECTED, call(client, intermediate.certificate()));
  }

  @Test
  void refusal_isLogged_withItsPeerAndItsReason() {
    Issued unknown = CLIENTS.issue("x", new Request().uri("spiffe://logged.example/media"));
    List<LogRecord> logged =
        LoggedWarnings.during(
            () ->
                await(
                    () -> {
                      // Others may have been the first of this minute.
                      isLetIn(unknown);
                      return refused("trust_domain") % 10 == 0;
                    }));

    assertTrue(
        logged.stream()
            .map(ClientTrustTest::text)
            .anyMatch(
                it ->
                    it.contains("spiffe://logged.example/media")
                        && it.contains("keybroker.mtls.spiffe-bundles has no bundle")
                        && it.contains("/127.0.0.1:")),
        logged::toString);
  }

  private static String text(LogRecord record) {
    return ExtLogRecord.wrap(record).getFormattedMessage();
  }

  @Test
  void certificate_thatNamesNobody_isRefusedWithItsReason() {
    for (Issued nobody :
        List.of(
            HOSTS.issue("common name", new Request()),
            CLIENTS.issue("two", new Request().uri(MEDIA).uri("spiffe://example.org/admin")),
            CLIENTS.issue("authority", new Request().uri(MEDIA).authority()))) {
      assertEquals("UNAUTHENTICATED/CERTIFICATE_UNUSABLE", call(nobody));
    }
  }

  @Test
  void health_withoutACertificate_isNotAnswered() {
    ManagedChannel secured = SecuredBroker.channel(address.grpcPort(), null);
    try {
      assertEquals(
          Code.UNAVAILABLE,
          assertThrows(
                  StatusRuntimeException.class,
                  () ->
                      HealthGrpc.newBlockingStub(secured)
                          .check(HealthCheckRequest.getDefaultInstance()))
              .getStatus()
              .getCode());
    } finally {
      secured.shutdownNow();
    }
  }

  @Test
  void bundle_replacedWhileTheBrokerRuns_countsForNewConnections() throws IOException {
    TestAuthority next = TestAuthority.create("partners");
    Issued client = next.issue("partner", new Request().uri("spiffe://partner.example/export"));
    assertFalse(isLetIn(client));

    TestAuthority.replace(PARTNER_BUNDLE, next.pem());

    await(() -> isLetIn(client));
    assertFalse(isLetIn(PARTNER), "the old authority is still trusted");
    assertTrue(isLetIn(MEDIA_SERVER), "another bundle's caller");
  }

  @Test
  void bundle_withTwoAuthorities_trustsBoth() throws IOException {
    TestAuthority next = TestAuthority.create("partners");
    Issued client = next.issue("partner", new Request().uri("spiffe://partner.example/export"));

    TestAuthority.replace(PARTNER_BUNDLE, PARTNERS.pem() + next.pem());

    await(() -> isLetIn(client));
    assertTrue(isLetIn(PARTNER));
  }

  @Test
  void brokenBundle_leavesItsOldAuthorities_andHoldsUpNothingElse() throws IOException {
    double failures = failures();
    TestAuthority next = TestAuthority.create("hosts");
    Issued host = next.issue("host", new Request().dns("recorder.example"));

    TestAuthority.replace(PARTNER_BUNDLE, PARTNERS.pem().substring(0, 200));
    TestAuthority.replace(DNS_AUTHORITIES, next.pem());

    await(() -> failures() >= failures + 2);
    await(() -> isLetIn(host));
    assertTrue(isLetIn(PARTNER));
    assertFalse(isLetIn(HOST));
  }

  @Test
  void bundle_withAnAuthorityOfAnotherTrustDomain_isNotTaken() throws IOException {
    double failures = failures();
    TestAuthority spire = TestAuthority.create("SPIRE", new Request().uri("spiffe://example.org"));
    Issued client = spire.issue("partner", new Request().uri("spiffe://partner.example/export"));

    TestAuthority.replace(PARTNER_BUNDLE, PARTNERS.pem() + spire.pem());

    await(() -> failures() >= failures + 2);
    assertFalse(isLetIn(client));
    assertTrue(isLetIn(PARTNER));
  }
}
