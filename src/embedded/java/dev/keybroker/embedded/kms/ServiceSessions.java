package dev.keybroker.embedded.kms;

import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.Requester;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Sessions of roles that a service of AWS starts in its own name, as EKS does for pods. There is
/// no request: a service has credentials that its customers never see.
final class ServiceSessions {

  private final LocalState state;
  private final Sessions sessions;

  ServiceSessions(LocalState state, Sessions sessions) {
    this.state = state;
    this.sessions = sessions;
  }

  /// A session with these tags, all of them transitive.
  ///
  /// @throws AwsException (AccessDenied) if the role's trust policy does not let the service
  ///     assume the role, and tag the session
  SessionCredentials start(
      String service,
      String roleArn,
      String sessionName,
      Map<String, String> tags,
      Duration duration) {
    Role role = state.roles.get(roleArn);
    Requester caller = Requester.service(service);
    PolicyContext context = new PolicyContext();
    context.put("sts:RoleSessionName", sessionName);
    tags.forEach((name, value) -> context.put("aws:RequestTag/" + name, value));
    context.put("aws:TagKeys", tags.keySet());
    context.put("sts:TransitiveTagKeys", tags.keySet());
    List<String> actions =
        tags.isEmpty() ? List.of("sts:AssumeRole") : List.of("sts:AssumeRole", "sts:TagSession");
    if (role == null
        || !Sessions.trusts(
            role, caller, context.put("aws:SourceAccount", role.account()), actions)) {
      throw new AwsException(
          "AccessDenied", 403, service + " is not authorized to assume " + roleArn);
    }
    return sessions.credentials(
        sessions.start(role, sessionName, null, new SessionTags(tags, tags), duration.toSeconds()));
  }
}
