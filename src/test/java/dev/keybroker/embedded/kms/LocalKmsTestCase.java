package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;

/// A local KMS of its own for each test, with a tenant's account, the broker's account, and AWS SDK
/// clients to it.
@SuppressWarnings("NullAway.Init") // set before each test
abstract class LocalKmsTestCase {

  static final String TENANT = "111122223333";
  static final String BROKER = "444455556666";
  static final Region REGION = Region.EU_CENTRAL_1;

  final TestClock clock = new TestClock();
  LocalKms server;
  AwsClients clients;

  /// The administrator of the tenant's account.
  KmsClient admin;

  @BeforeEach
  void startServer() {
    server = LocalKms.start(options());
    clients = new AwsClients(server);
    admin = kms(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS));
  }

  LocalKmsOptions options() {
    return LocalKmsOptions.inMemory().withClock(clock);
  }

  @AfterEach
  void stopServer() {
    admin.close();
    clients.close();
    server.close();
  }

  /// A user's credentials; `policy` null gives no permission at all.
  AwsCredentials user(String account, String name, @Nullable String policy) {
    return AwsClients.sdk(server.principal(account, name, policy));
  }

  /// The ARN of a new key of the tenant, with the default key policy.
  String newKey() {
    return admin.createKey().keyMetadata().arn();
  }

  /// The ARN of a new key of the tenant, with a key policy.
  String newKey(String policy) {
    return admin
        .createKey(r -> r.policy(policy).bypassPolicyLockoutSafetyCheck(true))
        .keyMetadata()
        .arn();
  }

  KmsClient kms(AwsCredentials credentials) {
    return clients.kms(credentials, REGION);
  }

  StsClient sts(AwsCredentials credentials) {
    return clients.sts(credentials);
  }

  IamClient iam(AwsCredentials credentials) {
    return clients.iam(credentials);
  }

  static SdkBytes bytes(String text) {
    return SdkBytes.fromUtf8String(text);
  }

  /// Asserts that a call is refused with an AWS error code.
  static AwsServiceException assertCode(String code, Executable call) {
    AwsServiceException refused = assertThrows(AwsServiceException.class, call);
    assertEquals(code, refused.awsErrorDetails().errorCode(), refused.getMessage());
    return refused;
  }

  /// Asserts that a call is refused with an AWS error code and a message.
  static void assertRefused(String code, String message, Executable call) {
    assertEquals(message, assertCode(code, call).awsErrorDetails().errorMessage());
  }
}
