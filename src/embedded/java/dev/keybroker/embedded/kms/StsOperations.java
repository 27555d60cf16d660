package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Access;
import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.Requester;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The operations of STS that signed requests call, and the table of all of them.
final class StsOperations {

  static final String NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

  private static final Pattern EXTERNAL_ID = Pattern.compile("[\\w+=,.@:/-]{2,1224}");
  private static final int MAX_CHAINED_SECONDS = 3_600;

  private final LocalState state;
  private final Sessions sessions;
  private final RequestQuotas quotas;

  StsOperations(LocalState state, Sessions sessions, RequestQuotas quotas) {
    this.state = state;
    this.sessions = sessions;
    this.quotas = quotas;
  }

  Map<String, QueryOperation> operations() {
    return Map.of(
        "AssumeRole",
        this::assumeRole,
        WebIdentityOperation.NAME,
        new WebIdentityOperation(state, sessions),
        "GetCallerIdentity",
        this::callerIdentity);
  }

  private Map<String, Object> callerIdentity(QueryRequest request) {
    Requester caller = request.caller();
    return Map.of("Arn", caller.arn(), "UserId", caller.userId(), "Account", caller.account());
  }

  private Map<String, Object> assumeRole(QueryRequest request) {
    if (!quotas.take(request.caller(), request.region(), request.operation())) {
      throw new AwsException("Throttling", "Rate exceeded");
    }
    String roleArn = request.required("RoleArn");
    String sessionName = Sessions.name(request);
    String externalId = request.text("ExternalId");
    if (externalId != null) {
      Sessions.matches(EXTERNAL_ID, externalId, "externalId");
    }
    String sessionPolicy = sessions.policy(request);
    SessionTags tags = SessionTags.of(request);
    Role role = allowedRole(request, roleArn, sessionName, externalId, !tags.all().isEmpty());
    return sessions.answer(
        sessions.start(role, sessionName, sessionPolicy, tags, seconds(request, role)));
  }

  /// The role, if its trust policy and the caller's own policies let the caller assume it, and tag
  /// the session if it has tags, inherited ones included. A role that does not exist is refused in
  /// the same words.
  private Role allowedRole(
      QueryRequest request,
      String roleArn,
      String sessionName,
      @Nullable String externalId,
      boolean tagged) {
    Requester caller = request.caller();
    if (caller.root()) {
      throw new AwsException("AccessDenied", 403, "Roles may not be assumed by root accounts.");
    }
    PolicyContext assume = withTags(request).put("sts:RoleSessionName", sessionName);
    if (externalId != null) {
      assume.put("sts:ExternalId", externalId);
    }
    Role role = state.roles.get(roleArn);
    authorize(caller, role, roleArn, "sts:AssumeRole", assume);
    if (tagged) {
      authorize(caller, role, roleArn, "sts:TagSession", withTags(request));
    }
    return Objects.requireNonNull(role);
  }

  /// The condition keys of sts:TagSession, which sts:AssumeRole has too.
  ///
  /// Source: Service Authorization Reference, "Actions defined by AWS Security Token Service":
  /// sts:ExternalId and sts:RoleSessionName belong to sts:AssumeRole alone.
  private static PolicyContext withTags(QueryRequest request) {
    PolicyContext context = PolicyContext.of(request.caller(), request.region());
    Map<String, String> asked = SessionTags.asked(request);
    asked.forEach((name, value) -> context.put("aws:RequestTag/" + name, value));
    if (!asked.isEmpty()) {
      context.put("aws:TagKeys", asked.keySet());
      context.put("sts:TransitiveTagKeys", request.list("TransitiveTagKeys"));
    }
    return context;
  }

  private static void authorize(
      Requester caller, @Nullable Role role, String roleArn, String action, PolicyContext context) {
    if (role == null || !allowed(caller, role, action, context)) {
      throw new AwsException(
          "AccessDenied",
          403,
          "User: %s is not authorized to perform: %s on resource: %s"
              .formatted(caller.arn(), action, roleArn));
    }
  }

  private static boolean allowed(
      Requester caller, Role role, String action, PolicyContext context) {
    Policy trust = role.trustPolicy().policy();
    return Access.decide(caller, role.account(), trust, false, action, role.arn(), context)
        == Access.ALLOWED;
  }

  private static int seconds(QueryRequest request, Role role) {
    int seconds = Sessions.seconds(request, role);
    if (request.caller().kind() == Requester.Kind.SESSION && seconds > MAX_CHAINED_SECONDS) {
      throw Sessions.invalid(
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
              + " chaining.");
    }
    return seconds;
  }
}
