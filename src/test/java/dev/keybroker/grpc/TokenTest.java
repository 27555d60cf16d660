package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.JWKS;
import static dev.keybroker.grpc.SecuredBroker.MEDIA_SERVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.RetryInfo;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.v1.KeyBrokerGrpc;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwt.NumericDate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Bearer tokens over the network, with and without a client certificate beside.
@QuarkusTest
@TestProfile(SecuredBroker.class)
class TokenTest extends BrokerTestCase {
  private static final PublicJsonWebKey KEY = TestIssuer.ec("of-the-test");
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, MEDIA_SERVER);
  }

  @BeforeEach
  void publish() throws IOException {
    TestIssuer.publish(JWKS, KEY);
  }

  private void with(
      @Nullable Issued certificate,
      @Nullable String authorization,
      Consumer<KeyBrokerGrpc.KeyBrokerBlockingStub> work) {
    ManagedChannel secured = SecuredBroker.channel(address.grpcPort(), certificate);
    try {
      Metadata headers = new Metadata();
      if (authorization != null) {
        headers.put(AUTHORIZATION, authorization);
      }
      work.accept(
          KeyBrokerGrpc.newBlockingStub(secured)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)));
    } finally {
      secured.shutdownNow();
    }
  }

  private void wrap(KeyBrokerGrpc.KeyBrokerBlockingStub stub) {
    stub.wrapDek(wrapRequest(keystores.shared(KeyPairSpec.ECC_NIST_P256).name(), Map.of()));
  }

  private static String good() {
    return "Bearer " + TestIssuer.token(KEY, "recorder");
  }

  private static String over() {
    return "Bearer "
        + TestIssuer.token(
            KEY,
            "ES256",
            "recorder",
            claims -> claims.setExpirationTime(NumericDate.fromSeconds(1)));
  }

  @Test
  void goodToken_isLetIn_firstAndEachTimeAfter() {
    with(
        null,
        good(),
        stub -> {
          for (int i = 0; i < 3; i++) {
            wrap(stub);
          }
        });
  }

  @Test
  void goodToken_andCertificate_areLetIn() {
    with(MEDIA_SERVER, good(), this::wrap);
  }

  @Test
  void schemeOfTheToken_isReadInAnyCase() {
    with(null, good().replace("Bearer", "bearer"), this::wrap);
  }

  @Test
  void badToken_isRefused_evenWithAGoodCertificate() {
    for (Issued certificate : new Issued[] {null, MEDIA_SERVER}) {
      for (String bad :
          List.of(
              "Bearer x",
              "Bearer ",
              "Basic dXNlcjpwYXNzd29yZA==",
              "Bearer " + TestIssuer.token(TestIssuer.ec("of-the-test"), "recorder"),
              good().substring(0, 100))) {
        with(
            certificate,
            bad,
            stub -> assertRefused(Code.UNAUTHENTICATED, "TOKEN_INVALID", () -> wrap(stub)));
      }
      with(
          certificate,
          over(),
          stub -> assertRefused(Code.UNAUTHENTICATED, "TOKEN_EXPIRED", () -> wrap(stub)));
    }
  }

  @Test
  void neither_isRefusedWithItsReason() {
    with(
        null,
        null,
        stub -> assertRefused(Code.UNAUTHENTICATED, "CREDENTIALS_MISSING", () -> wrap(stub)));
  }

  @Test
  void unknownKey_whileTheIssuerIsDown_canBeTriedAgain() throws IOException {
    Files.delete(JWKS);
    with(
        null,
        "Bearer " + TestIssuer.token(TestIssuer.ec("next"), "recorder"),
        stub ->
            await(
                () -> {
                  var status = BrokerTestCase.refusal(() -> wrap(stub));
                  return "TOKEN_KEYS_UNAVAILABLE".equals(reasonOf(status))
                      && status.getDetailsList().stream().anyMatch(it -> it.is(RetryInfo.class));
                }));
  }

  @Test
  void newKeyOfTheIssuer_isLetIn() throws IOException {
    PublicJsonWebKey next = TestIssuer.rsa("next");
    TestIssuer.publish(JWKS, KEY, next);
    String token = "Bearer " + TestIssuer.token(next, "recorder");
    with(
        null,
        token,
        stub ->
            await(
                () -> {
                  try {
                    wrap(stub);
                    return true;
                  } catch (StatusRuntimeException tooSoonAfterTheLastFetch) {
                    return false;
                  }
                }));
  }

  @Test
  void health_isOpen_whateverTokenCame() {
    ManagedChannel secured = SecuredBroker.channel(address.grpcPort(), null);
    try {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer x");
      assertEquals(
          ServingStatus.SERVING,
          HealthGrpc.newBlockingStub(secured)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus());
    } finally {
      secured.shutdownNow();
    }
  }

  @Test
  void noPartOfAToken_isLogged() {
    List<String> logged = new ArrayList<>();
    Handler all =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            synchronized (logged) {
              logged.add(line.getMessage() + " " + Arrays.toString(line.getParameters()));
              if (line.getThrown() != null) {
                logged.add(line.getThrown().toString());
              }
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger root = Logger.getLogger("");
    Logger house = Logger.getLogger("dev.keybroker");
    Logger jose = Logger.getLogger("org.jose4j");
    root.addHandler(all);
    house.setLevel(Level.ALL);
    jose.setLevel(Level.ALL);
    List<String> tokens = List.of(good(), over(), good() + "x");
    try {
      for (String token : tokens) {
        with(
            null,
            token,
            stub -> {
              try {
                wrap(stub);
              } catch (StatusRuntimeException refused) {
                logged.add(String.valueOf(refused));
              }
            });
      }
      house.info("a line to see that lines are seen");
    } finally {
      root.removeHandler(all);
      house.setLevel(null);
      jose.setLevel(null);
    }
    assertTrue(logged.stream().anyMatch(it -> it.contains("lines are seen")));
    for (String token : tokens) {
      for (String part : token.replace("Bearer ", "").split("\\.")) {
        assertFalse(
            logged.stream().anyMatch(line -> line.contains(part)), "a part of a token is logged");
      }
    }
  }
}
