package dev.keybroker.kms;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The ARN by which policies name a caller.
public final class PolicyPrincipal {
  private static final Pattern ROLE_SESSION =
      Pattern.compile("arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.+");

  /// The form of the ARN of a role or user, as policies name them.
  public static final String ROLE_OR_USER =
      "arn:(aws[a-z-]*):iam::([0-9]{12}):(role|user)/(?:[!-~]+/)?([^/]+)";

  private static final Pattern POLICY_PRINCIPAL = Pattern.compile(ROLE_OR_USER);

  private PolicyPrincipal() {}

  /// Whether an ARN of a role or user can be the caller that STS reports, apart from the path that
  /// STS leaves out for roles.
  ///
  /// @param callerArn as `sts:GetCallerIdentity` gives it
  public static boolean isSame(String policyArn, String callerArn) {
    Matcher session = ROLE_SESSION.matcher(callerArn);
    Matcher policy = POLICY_PRINCIPAL.matcher(policyArn);
    if (!session.matches() || !policy.matches()) {
      return policyArn.equals(callerArn);
    }
    return policy.group(3).equals("role")
        && policy.group(1).equals(session.group(1))
        && policy.group(2).equals(session.group(2))
        && policy.group(4).equals(session.group(3));
  }

  /// Returns the role's ARN for a session of a role, otherwise the ARN itself.
  ///
  /// STS leaves out a role's path: for `arn:aws:iam::…:role/service/broker` the answer is
  /// `arn:aws:iam::…:role/broker`, which does not exist. Such a broker needs
  /// `keybroker.aws.principal-arn`.
  ///
  /// @param callerArn as `sts:GetCallerIdentity` gives it
  public static String of(String callerArn) {
    Matcher session = ROLE_SESSION.matcher(callerArn);
    return session.matches()
        ? "arn:" + session.group(1) + ":iam::" + session.group(2) + ":role/" + session.group(3)
        : callerArn;
  }
}
