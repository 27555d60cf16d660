package dev.keybroker.embedded;

import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// The AWS account of the tenant `demo` in the local KMS, for a developer's own tools.
final class DemoAccount {
  static final String ID = "444455556666";

  private DemoAccount() {}

  /// The credentials of the account's root, which may do everything with the demo key.
  static LocalCredentials owner(LocalKms kms) {
    return kms.principal(ID, "root", null);
  }

  /// What `aws`, boto3 and the AWS SDKs read from their environment to reach the local KMS as this
  /// account.
  static Map<String, String> environment(LocalKms kms) {
    LocalCredentials owner = owner(kms);
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("AWS_ENDPOINT_URL", kms.endpoint().toString());
    environment.put("AWS_DEFAULT_REGION", EmbeddedServices.REGION);
    environment.put("AWS_ACCESS_KEY_ID", owner.accessKeyId());
    environment.put("AWS_SECRET_ACCESS_KEY", owner.secretAccessKey());
    return environment;
  }

  /// The same as lines to paste into a shell.
  static String exports(LocalKms kms) {
    return environment(kms).entrySet().stream()
        .map(variable -> "  export " + variable.getKey() + "='" + variable.getValue() + "'")
        .collect(Collectors.joining("\n"));
  }
}
