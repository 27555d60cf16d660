package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.kms.model.KmsException;

/// Answers that a local KMS does not give, and trouble without an answer.
class AwsFailuresTest {
  private static final String ACTION = "kms:Decrypt";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "KMSInvalidStateException|400|k is pending deletion.|KEY_PENDING_DELETION",
        "KMSInvalidStateException|400|k is pending replica deletion.|KEY_PENDING_DELETION",
        "KMSInvalidStateException|400|k is pending import.|KEY_UNAVAILABLE",
        "KMSInvalidStateException|400|k is creating.|KEY_UNAVAILABLE",
        "CustomKeyStoreInvalidStateException|400|disconnected|KEY_UNAVAILABLE",
        "KMSInvalidStateException|400|k is unavailable.|KEY_UNAVAILABLE",
        "KMSInvalidStateException|400|The proxy did not respond in time. Retry the"
            + " request.|UNREACHABLE",
        "KMSInvalidStateException|400|KMS cannot communicate with the proxy.|UNREACHABLE",
        "KMSInvalidStateException|400|Reduce the frequency of your calls.|THROTTLED",
        "KeyUnavailableException|500|not available|UNREACHABLE",
        "LimitExceededException|400|limit|THROTTLED",
        "TooManyRequestsException|429|slow down|THROTTLED",
        "SomethingNewException|429|slow down|THROTTLED",
        "SomethingNewException|503|later|UNREACHABLE",
        "SomethingNewException|400|no|KEY_UNUSABLE",
        "InvalidArnException|400|Invalid arn|KEY_NOT_FOUND",
        "UnsupportedOperationException|400|no|KEY_UNUSABLE",
        "ValidationException|400|no|KEY_UNUSABLE",
        "OptInRequired|403|no|ACCESS_DENIED",
        "MissingAuthenticationTokenException|400|no|ACCESS_DENIED"
      })
  void answer_keepsItsCodeMessageAndRequestId(String code, int status, String message, Kind kind) {
    KmsFailure failure = AwsFailures.of(ACTION, answer(code, status, message));

    assertEquals(kind, failure.kind());
    assertEquals(code, failure.code());
    assertEquals(message, failure.detail());
    assertEquals("request-1", failure.requestId());
    assertEquals(ACTION, failure.action());
  }

  @Test
  void message_longOrWithControlCharacters_isMadePrintable() {
    KmsFailure failure =
        AwsFailures.of(
            ACTION, answer("NotFoundException", 400, "a\nb\u001b[31m" + "x".repeat(9_000)));

    assertEquals(1_024, failure.detail().length());
    assertEquals("a b [31mxx", failure.detail().substring(0, 10));
  }

  @Test
  void troubleWithoutAnAnswer_isToldApartAndQuotesNothing() {
    assertUnanswered("UnknownHost", new UnknownHostException("kms.secret"));
    assertUnanswered("ConnectFailed", new ConnectException("secret"));
    assertUnanswered("TlsFailed", new SSLHandshakeException("secret"));
    assertUnanswered("Timeout", new TimeoutException("secret"));
    assertUnanswered("ConnectionLost", new java.io.IOException("secret"));
    assertUnanswered(
        "MalformedResponse", new java.io.UncheckedIOException(new java.io.IOException("secret")));
    assertUnanswered("ClientError", new IllegalStateException("secret"));
  }

  private static void assertUnanswered(String code, Throwable cause) {
    KmsFailure failure =
        AwsFailures.of(
            ACTION,
            new CompletionException(
                SdkClientException.builder().message("secret").cause(cause).build()));
    assertEquals(Kind.UNREACHABLE, failure.kind());
    assertEquals(code, failure.code());
    assertNull(failure.requestId());
    assertFalse((failure.getMessage() + failure.detail()).contains("secret"));
  }

  private static AwsServiceException answer(String code, int status, String message) {
    return KmsException.builder()
        .statusCode(status)
        .requestId("request-1")
        .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage(message).build())
        .build();
  }
}
