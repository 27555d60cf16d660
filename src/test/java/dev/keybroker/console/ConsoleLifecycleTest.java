package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.grpc.TestCallers;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// What leads to the end of keys and keystores, over HTTP and without JavaScript: destruction,
/// deletion, re-encryption and withdrawal.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsoleLifecycleTest {
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final Pattern FIELD =
      Pattern.compile("name=\"(request_id|etag)\" value=\"([^\"]+)");
  private static final String CHECKBOX = "name=\"force\"";

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;
  BrokerAddress address;

  private ConsoleKeystores keystores;
  private String key;
  private Keystore keystore;
  private String path;
  private BrokerClient client;
  private WebClient admin;

  @BeforeEach
  void keystore() {
    keystores = new ConsoleKeystores(services, calls);
    key = keystores.newKey();
    keystore = keystores.create(SignedInBroker.TENANT, key, Duration.ZERO);
    path = "/" + keystore.getName();
    client = new BrokerClient("127.0.0.1", address.grpcPort());
    admin = WebClient.of("admin", console);
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private KeyBrokerGrpc.KeyBrokerBlockingStub recorder() {
    return KeyBrokerGrpc.newBlockingStub(TestCallers.as("recorder", client.channel()));
  }

  private WrapDekResponse wrap() {
    return recorder().wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore.getName()).build());
  }

  private void unwrap(WrapDekResponse wrapped) {
    recorder()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(keystore.getName())
                .setWrappedDek(wrapped.getWrappedDek())
                .build());
  }

  private void rotate() {
    keystores.call(
        RotateKekRequest.newBuilder().setName(keystore.getName()).build(), Keystores::rotateKek);
  }

  private static String field(String page) {
    Matcher field = FIELD.matcher(page);
    assertTrue(field.find(), page);
    return field.group(2);
  }

  @Test
  void kekInUse_isDestroyedOnlyAfterASecondQuestion_andRestored() {
    unwrap(wrap());
    rotate();
    String kek = "/" + keystore.getActiveKek();

    String question = admin.get(kek + "/destroy").body();
    assertTrue(question.contains("<time datetime="), question);
    assertFalse(question.contains(CHECKBOX), question);
    HttpResponse<String> second = admin.submit(kek + "/destroy", Map.of("days", "7"));
    assertEquals(409, second.statusCode());
    assertTrue(second.body().contains(CHECKBOX), second.body());
    assertTrue(second.body().contains("was used in the last 90 days"), second.body());
    assertTrue(
        second.body().contains("name=\"days\" type=\"number\" min=\"7\" max=\"30\" value=\"7\""));
    assertFalse(admin.get(path).body().contains("DESTROY_SCHEDULED"));

    Map<String, String> forced = Map.of("days", "7", "force", "true");
    String scheduled = admin.submit(kek + "/destroy", forced).body();
    assertTrue(scheduled.contains("<code>DESTROY_SCHEDULED</code>"), scheduled);
    assertTrue(scheduled.contains("6 d 23 h left"), scheduled);
    HttpResponse<String> again = admin.submit(kek + "/destroy", forced);
    assertEquals(200, again.statusCode(), again.body());
    assertEquals(path, again.uri().getPath());

    assertTrue(admin.submit(kek + "/restore", Map.of()).body().contains("<code>DISABLED</code>"));
    assertEquals(200, admin.submit(kek + "/restore", Map.of()).statusCode());
    admin.submit(kek + "/enable", Map.of());
    assertEquals(409, admin.submit(kek + "/restore", Map.of()).statusCode());
  }

  @Test
  void history_hasTheLastUseOfEachKek_inBothLanguages() {
    unwrap(wrap());
    rotate();

    String page = admin.get(path).body();
    assertTrue(page.contains("<th scope=\"col\">Last unwrap</th>"), page);
    String used = row(page, "RETIRED");
    assertEquals(4, used.split("<time datetime=", -1).length, used);
    assertFalse(used.contains("90 days"), used);
    assertTrue(row(page, "ACTIVE").contains("none in 90 days"), page);

    String japanese = admin.speaking("ja").get(path).body();
    assertTrue(japanese.contains("<th scope=\"col\">最後のアンラップ</th>"), japanese);
    assertTrue(row(japanese, "ACTIVE").contains("90 日間なし"), japanese);
  }

  /// The first row of the history with a KEK in this state.
  private static String row(String page, String state) {
    Matcher row =
        Pattern.compile("<tr>\\s*<td><code>" + state + "</code>.*?</tr>", Pattern.DOTALL)
            .matcher(page);
    assertTrue(row.find(), page);
    return row.group();
  }

  @Test
  void kekThatWasNotUsed_isDestroyedByTheFirstQuestion() {
    rotate();
    String kek = "/" + keystore.getActiveKek();
    String question = admin.get(kek + "/destroy").body();
    assertTrue(question.contains("none in 90 days"), question);
    String scheduled = admin.submit(kek + "/destroy", Map.of("days", "30")).body();
    assertTrue(scheduled.contains("<code>DESTROY_SCHEDULED</code>"), scheduled);
  }

  @Test
  void keystore_isDeletedOnlyAfterASecondQuestion_andRestored() {
    wrap();
    String etag = field(admin.get(path + "/delete").body());
    HttpResponse<String> second = admin.submit(path + "/delete", Map.of("etag", etag));
    assertEquals(409, second.statusCode());
    assertTrue(second.body().contains(CHECKBOX), second.body());
    assertTrue(second.body().contains("KEKs that are not destroyed"), second.body());
    assertEquals(etag, field(second.body()));

    Map<String, String> forced = Map.of("etag", etag, "force", "true");
    String leaving = admin.submit(path + "/delete", forced).body();
    assertTrue(leaving.contains("29 d 23 h left"), leaving);
    assertTrue(leaving.contains(path + "/restore\""), leaving);
    for (String change : new String[] {"/rotate", "/edit", "/delete", "/re-encrypt\"", "/period"}) {
      assertFalse(leaving.contains(path + change), change + leaving);
    }
    assertFalse(leaving.contains("/keks/"), leaving);
    assertFalse(
        WebClient.of("viewer", console).get(path).body().contains(path + "/restore"), leaving);
    assertEquals(200, admin.submit(path + "/delete", forced).statusCode());

    String restored = admin.submit(path + "/restore", Map.of()).body();
    assertTrue(restored.contains("<code>ACTIVE</code>"), restored);
    assertTrue(restored.contains(path + "/rotate"), restored);
    assertEquals(200, admin.submit(path + "/restore", Map.of()).statusCode());
    HttpResponse<String> stale = admin.submit(path + "/delete", forced);
    assertEquals(409, stale.statusCode());
    assertTrue(stale.body().contains("ETAG_MISMATCH"), stale.body());
  }

  @Test
  void reEncryption_fails_goesOn_andReleasesTheOldKey() {
    rotate();
    String second = keystores.newKey();
    keystores.call(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(keystore.getName())
                    .setRootKey(ConsoleKeystores.rootKey(second)))
            .build(),
        Keystores::updateKeystore);
    try (KmsClient kms = keystores.kms()) {
      kms.disableKey(request -> request.keyId(key));
      start();
      String failed = ended();
      assertTrue(failed.contains("Failed:"), failed);
      assertTrue(failed.contains("1 of 3 KEKs moved, 2 failed"), failed);
      assertTrue(failed.contains("DisabledException"), failed);
      assertTrue(failed.contains("Go on"), failed);
      assertFalse(
          WebClient.of("viewer", console).get(path).body().contains("Go on"), "read-only callers");
      kms.enableKey(request -> request.keyId(key));
    }
    Eventually.holds(
        LONGEST,
        () -> {
          start();
          String completed = ended();
          assertTrue(completed.contains("Completed:"), completed);
          assertTrue(completed.contains("3 of 3 KEKs moved"), completed);
          assertTrue(completed.contains("<li><code>" + key + "</code></li>"), completed);
        });
  }

  /// Sends the same form twice.
  private void start() {
    Map<String, String> form = Map.of("request_id", field(admin.get(path + "/re-encrypt").body()));
    assertEquals(200, admin.submit(path + "/re-encrypt", form).statusCode());
    String started = reEncryptionStart();
    assertEquals(200, admin.submit(path + "/re-encrypt", form).statusCode());
    assertEquals(started, reEncryptionStart());
  }

  private String reEncryptionStart() {
    return keystores
        .call(
            GetKeystoreRequest.newBuilder().setName(keystore.getName()).build(),
            Keystores::getKeystore)
        .getReEncryption()
        .getStartTime()
        .toString();
  }

  /// Reloads the part of the page, which asks for itself only until the end.
  private String ended() {
    Eventually.holds(
        LONGEST,
        () -> {
          String part = admin.get(path + "/re-encryption").body();
          assertEquals(part.contains("In progress:"), part.contains("hx-get="), part);
          assertFalse(part.contains("<html"), part);
          assertFalse(part.contains("In progress:"), part);
        });
    return admin.get(path).body();
  }

  @Test
  void withdrawal_countsRefusedUnwraps_untilTheKeyIsBack() {
    WrapDekResponse wrapped = wrap();
    unwrap(wrapped);
    assertFalse(admin.get(path).body().contains("id=\"refused\""));
    try (KmsClient kms = keystores.kms()) {
      kms.disableKey(request -> request.keyId(key));
      assertThrows(StatusRuntimeException.class, () -> unwrap(wrapped));
      assertThrows(StatusRuntimeException.class, () -> unwrap(wrapped));
      Eventually.holds(
          () -> {
            String withdrawn = admin.get(path).body();
            assertTrue(withdrawn.contains("2 unwraps were refused."), withdrawn);
            assertTrue(withdrawn.contains("The first at:"), withdrawn);
            assertTrue(withdrawn.contains("The root key has failed since:"), withdrawn);
            assertTrue(withdrawn.contains("playback ends within 0 s"), withdrawn);
          });

      kms.enableKey(request -> request.keyId(key));
    }
    Eventually.holds(() -> unwrap(wrapped));
    Eventually.holds(
        () -> {
          String back = admin.get(path).body();
          assertFalse(back.contains("id=\"refused\""), back);
        });
  }
}
