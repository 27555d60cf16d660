package dev.keybroker.embedded.kms;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a session token of AssumeRole says.
///
/// @param roleId the role's unique id: a role made anew under the same name is another one
record Session(
    String accessKeyId,
    String secretAccessKey,
    String roleArn,
    String roleId,
    String sessionName,
    @Nullable String policy,
    SessionTags tags,
    Instant issued,
    Instant expires) {

  String arn() {
    String[] parts = roleArn.split(":", 6);
    String roleName = roleArn.substring(roleArn.lastIndexOf('/') + 1);
    return Arns.session(parts[1], parts[4], roleName, sessionName);
  }

  @Override
  public String toString() {
    return "Session[" + arn() + ", " + accessKeyId + "]";
  }
}
