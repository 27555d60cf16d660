package dev.keybroker.kms;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The ARN by which policies name a caller.
public final class PolicyPrincipal {
  private static final Pattern ROLE_SESSION =
      Pattern.compile("arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.+");

  private PolicyPrincipal() {}

  /// The role's ARN for a session of a role, else the ARN itself.
  ///
  /// STS does not tell a role's path: for `arn:aws:iam::…:role/service/broker` the answer is
  /// `arn:aws:iam::…:role/broker`, which is no principal. Such a broker has to be told its ARN.
  ///
  /// @param callerArn as `sts:GetCallerIdentity` gives it
  public static String of(String callerArn) {
    Matcher session = ROLE_SESSION.matcher(callerArn);
    return session.matches()
        ? "arn:" + session.group(1) + ":iam::" + session.group(2) + ":role/" + session.group(3)
        : callerArn;
  }
}
