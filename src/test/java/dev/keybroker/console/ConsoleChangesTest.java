package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.v1.Keystore;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// What people change by the console's forms, over HTTP and without JavaScript.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsoleChangesTest {
  private static final Pattern REQUEST_ID =
      Pattern.compile("name=\"request_id\" value=\"([^\"]+)\"");
  private static final Pattern KEK = Pattern.compile("/keks/([0-9a-f-]{36})/disable");
  private static final String TENANT = "/tenants/" + SignedInBroker.TENANT;

  @TestHTTPResource URI console;
  @Inject LocalCalls calls;
  EmbeddedServices services;

  private ConsoleKeystores keystores;
  private Keystore keystore;
  private String path;

  @BeforeEach
  void keystore() {
    keystores = new ConsoleKeystores(services, calls);
    keystore = keystores.create(SignedInBroker.TENANT);
    path = "/" + keystore.getName();
  }

  private static String found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertTrue(matcher.find(), text);
    return matcher.group(1);
  }

  private static int keks(String page) {
    return page.split("<th scope=\"row\">", -1).length - 1;
  }

  @Test
  void changeKeyNow_sentTwiceAtOnce_makesOneKek() {
    WebClient admin = WebClient.of("admin", console);
    String question = admin.get(path + "/rotate").body();
    Map<String, String> form = Map.of("request_id", found(REQUEST_ID, question));
    CompletableFuture<HttpResponse<String>> first =
        CompletableFuture.supplyAsync(() -> admin.submit(path + "/rotate", form));
    HttpResponse<String> second = admin.submit(path + "/rotate", form);
    assertEquals(200, first.join().statusCode(), first.join().body());
    assertEquals(200, second.statusCode(), second.body());

    assertEquals(2, keks(admin.get(path).body()));
  }

  @Test
  void kek_isDisabledEnabledAndScheduledForDestruction_andRestored() {
    WebClient admin = WebClient.of("admin", console);
    String question = admin.get(path + "/rotate").body();
    String page =
        admin.submit(path + "/rotate", Map.of("request_id", found(REQUEST_ID, question))).body();
    String kek = path + "/keks/" + found(KEK, page);

    assertTrue(admin.get(kek + "/disable").body().contains("Disable the KEK"));
    assertTrue(admin.submit(kek + "/disable", Map.of()).body().contains("<code>DISABLED</code>"));
    assertTrue(admin.submit(kek + "/enable", Map.of()).body().contains("<code>RETIRED</code>"));
    String scheduled = admin.submit(kek + "/destroy", Map.of("days", "7", "force", "true")).body();
    assertTrue(scheduled.contains("<code>DESTROY_SCHEDULED</code>"), scheduled);
    assertTrue(admin.submit(kek + "/restore", Map.of()).body().contains("<code>DISABLED</code>"));
    HttpResponse<String> refused = admin.submit(kek + "/destroy", Map.of("days", "3"));
    assertEquals(400, refused.statusCode());
    assertTrue(refused.body().contains("INVALID_ARGUMENT/REQUEST_INVALID"), refused.body());
  }

  @Test
  void period_changes_unlessSomebodyElseChangedIt() {
    WebClient admin = WebClient.of("admin", console);
    Map<String, String> monthly = Map.of("period", "MONTHLY", "etag", keystore.getEtag());
    String page = admin.submit(path + "/period", monthly).body();
    assertTrue(page.contains("<option value=\"MONTHLY\" selected>"), page);
    HttpResponse<String> late =
        admin.submit(path + "/period", Map.of("period", "DAILY", "etag", keystore.getEtag()));
    assertEquals(409, late.statusCode());
    assertTrue(late.body().contains("ABORTED/ETAG_MISMATCH"), late.body());
    assertEquals(400, admin.submit(path + "/period", Map.of("period", "HOURLY")).statusCode());
  }

  @Test
  void newKeystore_isTestedStepByStep_andSavedWhenItPasses() {
    WebClient admin = WebClient.of("admin", console);
    assertTrue(admin.get(TENANT + "/new").body().contains("sts:ExternalId"));
    String key = keystores.newKey();
    try (KmsClient kms = keystores.kms()) {
      kms.disableKey(request -> request.keyId(key));
      Map<String, String> form = new HashMap<>();
      String id = "n-" + UUID.randomUUID();
      form.put("id", id);
      form.put("way", "policy");
      form.put("key_arn", key);
      form.put("key_pair_spec", "ECC_NIST_P256");
      form.put("grant_token", "not-to-be-shown");
      form.put("action", "test");
      String failed = admin.submit(TENANT + "/new", form).body();
      assertTrue(failed.contains("The test failed"), failed);
      assertTrue(failed.contains("<code>describe_key</code>"), failed);
      assertTrue(failed.contains("KeyState Disabled"), failed);
      assertFalse(failed.contains("not-to-be-shown"), failed);

      form.put("key_arn", key.replaceFirst("key/.*", "key/" + UUID.randomUUID()));
      String unknown = admin.submit(TENANT + "/new", form).body();
      assertTrue(unknown.contains("NotFoundException"), unknown);
      assertTrue(unknown.contains("AWS request id"), unknown);
      form.put("key_arn", key);

      form.put("action", "save");
      HttpResponse<String> refused = admin.submit(TENANT + "/new", form);
      assertEquals(409, refused.statusCode());
      assertTrue(refused.body().contains("KEYSTORE_TEST_FAILED"), refused.body());

      kms.enableKey(request -> request.keyId(key));
      form.put("action", "test");
      String passed = admin.submit(TENANT + "/new", form).body();
      assertTrue(passed.contains("The test passed"), passed);
      form.put("action", "save");
      HttpResponse<String> saved = admin.submit(TENANT + "/new", form);
      assertEquals(TENANT + "/keystores/" + id, saved.uri().getPath(), saved.body());
      assertEquals(1, keks(saved.body()));
      String edit = admin.get(TENANT + "/keystores/" + id + "/edit").body();
      assertTrue(edit.contains("value=\"" + key + "\""), edit);
    }
  }

  @Test
  void form_ofAnybodyElse_changesNothing() {
    for (String subject : List.of("viewer", "auditor", "stranger")) {
      WebClient client = WebClient.of(subject, console);
      String kek = "/keks/" + keystore.getActiveKek().replaceFirst(".*/", "");
      for (String change :
          List.of("/rotate", "/period", "/re-encrypt", "/delete", "/restore", kek + "/destroy")) {
        HttpResponse<String> refused =
            client.submit(
                path + change, Map.of("period", "DAILY", "request_id", "", "force", "true"));
        assertEquals(403, refused.statusCode(), subject + change);
      }
      assertEquals(403, client.get(path + "/rotate").statusCode(), subject);
      assertEquals(
          403,
          client
              .submit(TENANT + "/new", Map.of("id", "x", "action", "save", "way", "managed"))
              .statusCode(),
          subject);
    }
    WebClient admin = WebClient.of("admin", console);
    for (String change :
        List.of(
            "/rotate",
            "/period",
            "/edit",
            "/keks/x/disable",
            "/keks/x/destroy",
            "/re-encrypt",
            "/delete",
            "/restore")) {
      assertEquals(400, admin.post(console.resolve(path + change), Map.of()).statusCode(), change);
    }
    assertEquals(1, keks(admin.get(path).body()));
    String seen = WebClient.of("viewer", console).get(path).body();
    for (String change : List.of("/rotate", "/re-encrypt\"", "/delete", "/edit")) {
      assertFalse(seen.contains(change), seen);
    }
    assertFalse(seen.contains("<form method=\"post\" action=\"/tenants"), seen);
  }

  @Test
  void pipeline_withLongPolicies_isChecked() {
    WebClient viewer = WebClient.of("viewer", console);
    Map<String, String> form = new HashMap<>();
    form.put("stream_arn", "arn:aws:kinesis:eu-central-1:222233334444:stream/contacts");
    form.put("firehose_arn", "arn:aws:iam::222233334444:role/firehose");
    form.put("bucket_arn", "arn:aws:s3:::contacts");
    HttpResponse<String> noWriter = viewer.submit(TENANT + "/pipeline", form);
    assertEquals(400, noWriter.statusCode());
    assertTrue(noWriter.body().contains("REQUEST_INVALID"), noWriter.body());

    form.put(
        "stream_key_arn",
        "arn:aws:kms:eu-central-1:222233334444:key/0a1b2c3d-0000-4000-8000-000000000000");
    form.put("producer_arn", "arn:aws:iam::222233334444:role/producer");
    form.put(
        "firehose_policies",
        """
        {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::contacts/*"}]}
        """
            + " ".repeat(20_000));
    HttpResponse<String> checked = viewer.submit(TENANT + "/pipeline", form);
    assertEquals(200, checked.statusCode(), checked.body());
    assertTrue(checked.body().contains("<code>STREAM_TO_FIREHOSE</code>"), checked.body());
    assertEquals(
        403, WebClient.of("auditor", console).submit(TENANT + "/pipeline", form).statusCode());
  }

  @Test
  void audit_isFiltered_andExportedAsLines() {
    WebClient auditor = WebClient.of("auditor", console);
    String id = keystore.getName().substring(keystore.getName().lastIndexOf('/') + 1);
    String page = auditor.get(TENANT + "/audit?keystore=" + id).body();
    assertTrue(page.contains("<code>CreateKeystore</code>"), page);
    assertTrue(page.contains("INTENDED"), page);
    String refused = auditor.get(TENANT + "/audit?outcome=REFUSED&keystore=" + id).body();
    assertFalse(refused.contains("<code>CreateKeystore</code>"), refused);
    HttpResponse<String> lines = auditor.get(TENANT + "/audit.jsonl?keystore=" + id);
    assertTrue(lines.body().lines().allMatch(line -> line.startsWith("{\"chain\":")), lines.body());
    assertTrue(lines.body().lines().count() >= 2, lines.body());
    assertEquals(400, auditor.get(TENANT + "/audit?start=yesterday").statusCode());
  }
}
