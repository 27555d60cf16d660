package dev.keybroker.embedded.kms;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who makes a request, as its signature shows.
///
/// @param arn the ARN that AWS names the caller by: root, user, or assumed-role session
/// @param identityArn the ARN of the IAM entity behind it: root, user, or role
/// @param userId the id that GetCallerIdentity reports
/// @param policies the identity-based policies in force
/// @param sessionPolicy the policy given to AssumeRole; null where there was none
record Caller(
    Kind kind,
    String account,
    String arn,
    String identityArn,
    String userId,
    List<String> policies,
    @Nullable String sessionPolicy) {

  /// The kinds of principal that can sign a request.
  enum Kind {
    ROOT,
    USER,
    SESSION
  }

  boolean root() {
    return kind == Kind.ROOT;
  }

  /// Whether `principal`, as a grant names it, is this caller.
  boolean is(String principal) {
    return principal.equals(arn) || principal.equals(identityArn);
  }
}
