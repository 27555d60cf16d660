package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.CLIENTS;
import static dev.keybroker.grpc.SecuredBroker.JWKS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Real callers through the whole broker: a client certificate or a token on one port, what the
/// access file grants to either, and what the audit trail says of them.
@QuarkusTest
@TestProfile(AccessOfCallersTest.WithAccessFile.class)
class AccessOfCallersTest extends BrokerTestCase {
  private static final KeystoreName OWN = new KeystoreName("access-own", "calls");
  private static final KeystoreName OTHER = new KeystoreName("access-other", "calls");
  private static final String DOMAIN = "spiffe://example.org/";
  private static final String DENIED = "PERMISSION_DENIED";
  private static final Issued ADMIN = certificate("access-admin");
  private static final Issued RECORDER = certificate("access-recorder");
  private static final Issued STRANGER = certificate("access-stranger");
  private static final PublicJsonWebKey ISSUER = TestIssuer.ec("of-access");

  private final List<ManagedChannel> channels = new ArrayList<>();

  /// TLS, client certificates, tokens and an access file.
  public static final class WithAccessFile implements QuarkusTestProfile {
    private static final String ACCESS =
        """
        version: 1
        grants:
          - callers: ["spiffe://example.org/access-admin"]
            permissions: [keystore.view, keystore.edit, audit.view]
            on: ["tenants/*"]
          - callers: ["spiffe://example.org/access-recorder"]
            permissions: [dek.wrap]
            on: ["tenants/access-own"]
          - callers: ["jwt:playback"]
            permissions: [dek.unwrap]
            on: ["tenants/access-own"]
        """;

    @Override
    public Map<String, String> getConfigOverrides() {
      Path file = Path.of("target", "access-of-callers.yaml").toAbsolutePath();
      try {
        Files.writeString(file, ACCESS);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Map<String, String> settings = new HashMap<>(new SecuredBroker().getConfigOverrides());
      settings.put("keybroker.access.file", file.toString());
      return settings;
    }
  }

  private static Issued certificate(String name) {
    return CLIENTS.issue(name, new Request().uri(DOMAIN + name));
  }

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, ADMIN);
  }

  @BeforeEach
  void prepare() throws IOException {
    TestIssuer.publish(JWKS, ISSUER);
    keystores.shared(OWN);
    keystores.shared(OTHER);
  }

  @AfterEach
  void end() {
    channels.forEach(ManagedChannel::shutdownNow);
  }

  private KeyBrokerGrpc.KeyBrokerBlockingStub as(@Nullable Issued certificate, String... tokens) {
    ManagedChannel secured = SecuredBroker.channel(address.grpcPort(), certificate);
    channels.add(secured);
    Metadata headers = new Metadata();
    for (String subject : tokens) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
          "Bearer " + TestIssuer.token(ISSUER, subject));
    }
    return KeyBrokerGrpc.newBlockingStub(secured)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static WrapDekResponse wrap(
      KeyBrokerGrpc.KeyBrokerBlockingStub caller, KeystoreName keystore) {
    return caller.wrapDek(wrapRequest(keystore.toString(), Map.of()));
  }

  private static ByteString unwrap(
      KeyBrokerGrpc.KeyBrokerBlockingStub caller, KeystoreName keystore, ByteString wrapped) {
    return caller.unwrapDek(unwrapRequest(keystore.toString(), wrapped, Map.of())).getDek();
  }

  @Test
  void certificateAndToken_onOnePort_mayEachDoWhatTheAccessFileGrants() {
    KeyBrokerGrpc.KeyBrokerBlockingStub recorder = as(RECORDER);
    KeyBrokerGrpc.KeyBrokerBlockingStub playback = as(null, "playback");
    WrapDekResponse wrapped = wrap(recorder, OWN);
    ByteString bytes = wrapped.getWrappedDek();

    assertEquals(wrapped.getDek(), unwrap(playback, OWN, bytes));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> unwrap(recorder, OWN, bytes));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> wrap(recorder, OTHER));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> unwrap(recorder, OTHER, bytes));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> wrap(playback, OWN));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> unwrap(playback, OTHER, bytes));

    await(() -> seen(OWN).containsAll(ofOwn()) && seen(OTHER).containsAll(ofOther()));
  }

  private static List<Seen> ofOwn() {
    return List.of(
        new Seen("WrapDek", "SPIFFE", DOMAIN + "access-recorder", true),
        new Seen("UnwrapDek", "JWT", "playback", true),
        new Seen("UnwrapDek", "SPIFFE", DOMAIN + "access-recorder", false),
        new Seen("WrapDek", "JWT", "playback", false));
  }

  private static List<Seen> ofOther() {
    return List.of(
        new Seen("WrapDek", "SPIFFE", DOMAIN + "access-recorder", false),
        new Seen("UnwrapDek", "SPIFFE", DOMAIN + "access-recorder", false),
        new Seen("UnwrapDek", "JWT", "playback", false));
  }

  /// The token is the caller, and the certificate beside it lends it nothing.
  @Test
  void tokenBesideACertificate_hasTheTokensGrantsAlone() {
    KeyBrokerGrpc.KeyBrokerBlockingStub both = as(RECORDER, "playback");
    WrapDekResponse wrapped = wrap(as(RECORDER), OWN);

    assertEquals(wrapped.getDek(), unwrap(both, OWN, wrapped.getWrappedDek()));
    assertRefused(Code.PERMISSION_DENIED, DENIED, () -> wrap(both, OWN));
    assertRefused(
        Code.PERMISSION_DENIED, DENIED, () -> wrap(as(RECORDER, "spiffe://example.org/x"), OWN));
  }

  /// A token's subject that is spelled as a certificate's name is none.
  @Test
  void callerWithoutAGrant_isDenied_andOnRecord() {
    String recorder = DOMAIN + "access-recorder";
    for (KeyBrokerGrpc.KeyBrokerBlockingStub caller :
        List.of(as(STRANGER), as(null, "stranger"), as(null, recorder), as(ADMIN))) {
      assertRefused(Code.PERMISSION_DENIED, DENIED, () -> wrap(caller, OWN));
    }

    await(
        () ->
            seen(OWN)
                .containsAll(
                    List.of(
                        new Seen("WrapDek", "SPIFFE", DOMAIN + "access-stranger", false),
                        new Seen("WrapDek", "JWT", "stranger", false),
                        new Seen("WrapDek", "JWT", recorder, false),
                        new Seen("WrapDek", "SPIFFE", DOMAIN + "access-admin", false))));
  }

  @Test
  void nobody_isUnauthenticated() {
    KeyBrokerGrpc.KeyBrokerBlockingStub nobody = as(null);
    assertRefused(Code.UNAUTHENTICATED, "CREDENTIALS_MISSING", () -> wrap(nobody, OWN));
  }

  /// What the trail says of a call.
  private record Seen(String rpc, String kind, String caller, boolean granted) {
    static Seen of(AuditEvent event) {
      if (event.getOutcome() == AuditOutcome.AUDIT_OUTCOME_REFUSED) {
        assertEquals(DENIED, event.getReason());
      }
      return new Seen(
          event.getRpc(),
          event.getCallerKind(),
          event.getCaller(),
          event.getOutcome() == AuditOutcome.AUDIT_OUTCOME_GRANTED);
    }
  }

  private List<Seen> seen(KeystoreName keystore) {
    return AuditLogGrpc.newBlockingStub(channel)
        .listAuditEvents(
            ListAuditEventsRequest.newBuilder()
                .setParent("tenants/" + keystore.tenant())
                .setKeystoreId(keystore.keystore())
                .setPageSize(1_000)
                .build())
        .getEventsList()
        .stream()
        .map(Seen::of)
        .toList();
  }
}
