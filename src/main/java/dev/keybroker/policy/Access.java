package dev.keybroker.policy;

import java.util.List;

/// The decision of AWS's policy evaluation on one request.
///
/// Order: an explicit Deny anywhere refuses. A grant allows. In the caller's own account the
/// resource's policy allows by naming the caller, or by naming the account if the caller's
/// identity-based policies allow too. Across accounts both sides must allow.
public enum Access {
  ALLOWED(""),
  DENIED_BY_RESOURCE_POLICY(" with an explicit deny in a resource-based policy"),
  DENIED_BY_IDENTITY_POLICY(" with an explicit deny in an identity-based policy"),
  DENIED_BY_SESSION_POLICY(" with an explicit deny in a session policy"),
  NO_RESOURCE_POLICY(" because no resource-based policy allows the %s action"),
  NO_CROSS_ACCOUNT_RESOURCE_POLICY(
      " because the resource does not exist in this Region, no resource-based policies allow"
          + " access, or a resource-based policy explicitly denies access"),
  NO_IDENTITY_POLICY(" because no identity-based policy allows the %s action"),
  NO_SESSION_POLICY(" because no session policy allows the %s action");

  private final String reason;

  Access(String reason) {
    this.reason = reason;
  }

  /// Why the action is refused, as the end of AWS's sentence.
  public String reason(String action) {
    return reason.formatted(action);
  }

  /// Decides by the caller's own policies alone, for actions on no resource with a policy.
  public static Access byIdentity(
      Requester caller, String action, String resource, PolicyContext context) {
    Access denied = denied(caller, action, resource, context);
    return denied != ALLOWED ? denied : identity(caller, action, resource, context);
  }

  /// Decides by the policy of a resource of `owner` and by the caller's own policies.
  public static Access decide(
      Requester caller,
      String owner,
      Policy resourcePolicy,
      boolean granted,
      String action,
      String resource,
      PolicyContext context) {
    boolean ownAccount = caller.account().equals(owner);
    if (resourcePolicy.denies(caller, action, resource, context)) {
      return ownAccount ? DENIED_BY_RESOURCE_POLICY : NO_CROSS_ACCOUNT_RESOURCE_POLICY;
    }
    Access denied = denied(caller, action, resource, context);
    if (denied != ALLOWED || granted) {
      return denied;
    }
    PolicyStatement.Match match = resourcePolicy.allows(caller, action, resource, context);
    if (match == PolicyStatement.Match.NONE) {
      return ownAccount ? NO_RESOURCE_POLICY : NO_CROSS_ACCOUNT_RESOURCE_POLICY;
    }
    if (ownAccount && match == PolicyStatement.Match.DIRECT) {
      return session(caller, action, resource, context);
    }
    return identity(caller, action, resource, context);
  }

  private static Access denied(
      Requester caller, String action, String resource, PolicyContext context) {
    if (says(caller.policies(), false, action, resource, context)) {
      return DENIED_BY_IDENTITY_POLICY;
    }
    Policy session = caller.sessionPolicy();
    return session != null && session.says(false, action, resource, context)
        ? DENIED_BY_SESSION_POLICY
        : ALLOWED;
  }

  private static Access identity(
      Requester caller, String action, String resource, PolicyContext context) {
    if (!caller.root() && !says(caller.policies(), true, action, resource, context)) {
      return NO_IDENTITY_POLICY;
    }
    return session(caller, action, resource, context);
  }

  private static Access session(
      Requester caller, String action, String resource, PolicyContext context) {
    Policy policy = caller.sessionPolicy();
    return policy == null || policy.says(true, action, resource, context)
        ? ALLOWED
        : NO_SESSION_POLICY;
  }

  private static boolean says(
      List<Policy> policies, boolean allow, String action, String resource, PolicyContext context) {
    return policies.stream().anyMatch(p -> p.says(allow, action, resource, context));
  }
}
