package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;

/// The administration over HTTP, as another process would use it.
class AdministrationTest extends LocalKmsTestCase {

  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void closeClient() {
    http.close();
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(server.endpoint().resolve(path))
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private JsonNode json(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, path, body);
    assertEquals(200, answer.statusCode(), answer.body());
    return Json.parse(answer.body());
  }

  @Test
  void health_whileRunning_isUp() throws IOException, InterruptedException {
    assertEquals("{\"status\":\"UP\"}", send("GET", "/_local/health", "").body());
  }

  @Test
  void principal_madeOverHttp_canSignRequests() throws IOException, InterruptedException {
    String body =
        """
        {"account":"777788889999","name":"admin","policy":%s}\
        """
            .formatted(LocalKms.ADMINISTRATOR_ACCESS);
    JsonNode made = json("POST", "/_local/principals", body);
    assertEquals("arn:aws:iam::777788889999:user/admin", made.path("arn").asText());
    assertEquals(made, json("POST", "/_local/principals", body));
    AwsBasicCredentials credentials =
        AwsBasicCredentials.create(
            made.path("accessKeyId").asText(), made.path("secretAccessKey").asText());
    try (KmsClient kms = kms(credentials)) {
      assertEquals("777788889999", kms.createKey().keyMetadata().awsAccountId());
    }
  }

  @Test
  void principal_withoutAName_isTheAccountsRoot() throws IOException, InterruptedException {
    JsonNode root = json("POST", "/_local/principals", "{\"account\":\"777788889999\"}");
    AwsBasicCredentials credentials =
        AwsBasicCredentials.create(
            root.path("accessKeyId").asText(), root.path("secretAccessKey").asText());
    try (StsClient sts = sts(credentials)) {
      assertEquals("arn:aws:iam::777788889999:root", sts.getCallerIdentity().arn());
    }
  }

  @Test
  void awsManagedKey_madeOverHttp_isThere() throws IOException, InterruptedException {
    String arn =
        json(
                "POST",
                "/_local/keys",
                "{\"account\":\"%s\",\"region\":\"%s\",\"service\":\"s3\"}"
                    .formatted(TENANT, REGION.id()))
            .path("arn")
            .asText();
    assertEquals(arn, admin.describeKey(r -> r.keyId("alias/aws/s3")).keyMetadata().arn());
  }

  @Test
  void faults_overHttp_areAddedListedAndEnded() throws IOException, InterruptedException {
    String key = newKey();
    JsonNode added =
        json(
            "POST",
            "/_local/faults",
            """
            {"kind":"THROTTLING","operation":"DescribeKey","resource":"%s","times":5}\
            """
                .formatted(key));
    assertCode("ThrottlingException", () -> admin.describeKey(r -> r.keyId(key)));
    JsonNode listed = json("GET", "/_local/faults", "").path(0);
    assertEquals(added.path("id"), listed.path("id"));
    assertEquals("THROTTLING", listed.path("kind").asText());
    assertEquals(1, listed.path("struck").asInt());
    json("DELETE", "/_local/faults/" + added.path("id").asText(), "");
    admin.describeKey(r -> r.keyId(key));
    json("POST", "/_local/faults", "{\"kind\":\"LATENCY\",\"latencyMillis\":5}");
    json("DELETE", "/_local/faults", "");
    assertEquals(0, json("GET", "/_local/faults", "").size());
  }

  @Test
  void calls_overHttp_areReadAndReset() throws IOException, InterruptedException {
    json("DELETE", "/_local/calls", "");
    String key = newKey();
    admin.describeKey(r -> r.keyId(key));
    assertCode("NotFoundException", () -> admin.describeKey(r -> r.keyId("nonsense")));
    assertEquals(
        Json.parse(
            """
            {"CreateKey":{"OK":1},"DescribeKey":{"NotFoundException":1,"OK":1}}\
            """),
        json("GET", "/_local/calls", ""));
    assertEquals(3, server.calls().total());
    json("DELETE", "/_local/calls", "");
    assertEquals(0, server.calls().total());
  }

  @Test
  void badRequest_overHttp_saysWhatIsWrong() throws IOException, InterruptedException {
    HttpResponse<String> noAccount = send("POST", "/_local/principals", "{}");
    assertEquals(400, noAccount.statusCode());
    assertTrue(noAccount.body().contains("account is missing"), noAccount.body());
    assertEquals(400, send("POST", "/_local/faults", "{\"kind\":\"FLOOD\"}").statusCode());
    assertEquals(400, send("POST", "/_local/faults", "not json").statusCode());
    assertEquals(404, send("GET", "/_local/nothing", "").statusCode());
  }
}
