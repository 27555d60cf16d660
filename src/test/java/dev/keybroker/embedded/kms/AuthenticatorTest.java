package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

class AuthenticatorTest extends LocalKmsTestCase {

  private static final String WRONG_SIGNATURE =
      "The request signature we calculated does not match the signature you provided. Check your"
          + " AWS Secret Access Key and signing method. Consult the service documentation for"
          + " details.";
  private static final String INVALID_TOKEN =
      "The security token included in the request is invalid.";

  @Test
  void wrongSecret_anyService_isRefused() {
    AwsCredentials good = user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    AwsCredentials bad = AwsBasicCredentials.create(good.accessKeyId(), "wrong");
    try (KmsClient kms = kms(bad);
        StsClient sts = sts(bad)) {
      assertEquals(400, assertCode("InvalidSignatureException", kms::listKeys).statusCode());
      assertRefused("InvalidSignatureException", WRONG_SIGNATURE, kms::listKeys);
      assertEquals(403, assertCode("SignatureDoesNotMatch", sts::getCallerIdentity).statusCode());
    }
  }

  @Test
  void unknownAccessKey_anyService_isRefused() {
    AwsCredentials unknown = AwsBasicCredentials.create("AKIAUNKNOWN", "secret");
    try (KmsClient kms = kms(unknown);
        StsClient sts = sts(unknown)) {
      assertRefused("UnrecognizedClientException", INVALID_TOKEN, kms::listKeys);
      assertRefused("InvalidClientTokenId", INVALID_TOKEN, sts::getCallerIdentity);
    }
  }

  @Test
  void sessionToken_tamperedMissingOrOfAnotherSession_isRefused() {
    Credentials one = session("one");
    Credentials two = session("two");
    char last = one.sessionToken().charAt(9) == 'A' ? 'B' : 'A';
    String tampered = one.sessionToken().substring(0, 9) + last + one.sessionToken().substring(10);
    for (String token : new String[] {tampered, two.sessionToken(), "nonsense"}) {
      try (KmsClient kms =
          kms(AwsSessionCredentials.create(one.accessKeyId(), one.secretAccessKey(), token))) {
        assertRefused("UnrecognizedClientException", INVALID_TOKEN, kms::listKeys);
      }
    }
    try (KmsClient kms =
        kms(AwsBasicCredentials.create(one.accessKeyId(), one.secretAccessKey()))) {
      assertRefused("UnrecognizedClientException", INVALID_TOKEN, kms::listKeys);
    }
    try (KmsClient kms =
        kms(AwsSessionCredentials.create(one.accessKeyId(), "wrong", one.sessionToken()))) {
      assertRefused("InvalidSignatureException", WRONG_SIGNATURE, kms::listKeys);
    }
  }

  private Credentials session(String name) {
    String role = server.role(TENANT, "keybroker", Policies.of(Policies.trust(TENANT, "{}")), null);
    try (StsClient sts = sts(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      return sts.assumeRole(r -> r.roleArn(role).roleSessionName(name)).credentials();
    }
  }

  @Test
  void request_withoutASignature_isRefused() throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send(
            java.net.http.HttpRequest.newBuilder(server.endpoint())
                .header("X-Amz-Target", "TrentService.ListKeys")
                .POST(BodyPublishers.ofString("{}"))
                .build());
    assertEquals(400, answer.statusCode());
    assertTrue(answer.body().contains("MissingAuthenticationTokenException"), answer.body());
    assertTrue(answer.headers().firstValue("x-amzn-RequestId").isPresent());
  }

  @Test
  void body_changedAfterSigning_isRefused() throws IOException, InterruptedException {
    HttpResponse<String> asSigned = send(signed("{}", "{}", Duration.ZERO));
    HttpResponse<String> changed = send(signed("{}", "{ }", Duration.ZERO));
    assertEquals(200, asSigned.statusCode());
    assertEquals(400, changed.statusCode());
    assertTrue(changed.body().contains("InvalidSignatureException"), changed.body());
  }

  @Test
  void signature_olderOrNewerThanFiveMinutes_isRefused() throws IOException, InterruptedException {
    HttpResponse<String> old = send(signed("{}", "{}", Duration.ofMinutes(-6)));
    HttpResponse<String> early = send(signed("{}", "{}", Duration.ofMinutes(6)));
    assertEquals(200, send(signed("{}", "{}", Duration.ofMinutes(-4))).statusCode());
    assertTrue(old.body().contains("Signature expired: "), old.body());
    assertTrue(early.body().contains("Signature not yet current: "), early.body());
  }

  /// A ListKeys call that is signed with the body `signed` and sent with the body `sent`.
  private java.net.http.HttpRequest signed(String signed, String sent, Duration skew) {
    AwsCredentials credentials = user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    SdkHttpRequest unsigned =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(URI.create(server.endpoint() + "/"))
            .putHeader("X-Amz-Target", "TrentService.ListKeys")
            .build();
    SdkHttpRequest request =
        AwsV4HttpSigner.create()
            .sign(
                r ->
                    r.identity(credentials)
                        .request(unsigned)
                        .payload(
                            () -> new ByteArrayInputStream(signed.getBytes(StandardCharsets.UTF_8)))
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "kms")
                        .putProperty(AwsV4HttpSigner.REGION_NAME, REGION.id())
                        .putProperty(
                            HttpSigner.SIGNING_CLOCK, Clock.offset(Clock.systemUTC(), skew)))
            .request();
    java.net.http.HttpRequest.Builder http =
        java.net.http.HttpRequest.newBuilder(request.getUri()).POST(BodyPublishers.ofString(sent));
    request
        .headers()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("host") && !name.equalsIgnoreCase("content-length")) {
                values.forEach(value -> http.header(name, value));
              }
            });
    return http.build();
  }

  private static HttpResponse<String> send(java.net.http.HttpRequest request)
      throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request, BodyHandlers.ofString());
    }
  }
}
