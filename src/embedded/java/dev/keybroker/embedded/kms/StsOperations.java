package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// AssumeRole and GetCallerIdentity.
final class StsOperations {

  static final String NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

  private static final Pattern SESSION_NAME = Pattern.compile("[\\w+=,.@-]{2,64}");
  private static final Pattern EXTERNAL_ID = Pattern.compile("[\\w+=,.@:/-]{2,1224}");
  private static final int MIN_SECONDS = 900;
  private static final int MAX_SECONDS = 43_200;
  private static final int DEFAULT_SECONDS = 3_600;
  private static final int MAX_CHAINED_SECONDS = 3_600;

  private final LocalState state;
  private final SessionTokens tokens;
  private final InstantSource clock;
  private final RequestQuotas quotas;

  StsOperations(LocalState state, SessionTokens tokens, RequestQuotas quotas, InstantSource clock) {
    this.quotas = quotas;
    this.state = state;
    this.tokens = tokens;
    this.clock = clock;
  }

  Map<String, QueryOperation> operations() {
    return Map.of("AssumeRole", this::assumeRole, "GetCallerIdentity", this::callerIdentity);
  }

  private Map<String, Object> callerIdentity(QueryRequest request) {
    Caller caller = request.caller();
    return Map.of("Arn", caller.arn(), "UserId", caller.userId(), "Account", caller.account());
  }

  private Map<String, Object> assumeRole(QueryRequest request) {
    if (!quotas.take(request.caller(), request.region(), request.operation())) {
      throw new AwsException("Throttling", "Rate exceeded");
    }
    String roleArn = request.required("RoleArn");
    String sessionName = request.required("RoleSessionName");
    String externalId = request.text("ExternalId");
    matches(SESSION_NAME, sessionName, "roleSessionName");
    if (externalId != null) {
      matches(EXTERNAL_ID, externalId, "externalId");
    }
    String sessionPolicy = request.text("Policy");
    if (sessionPolicy != null) {
      new PolicyCheck(state, IamErrors::malformedPolicy).identityPolicy(sessionPolicy);
    }
    SessionTags tags = SessionTags.of(request);
    Role role = allowedRole(request, roleArn, sessionName, externalId, !tags.all().isEmpty());
    int seconds = seconds(request, role);
    Instant expires = clock.instant().plusSeconds(seconds).truncatedTo(ChronoUnit.SECONDS);
    Session session =
        new Session(
            RandomBytes.id("ASIA"),
            RandomBytes.hex(20),
            roleArn,
            role.roleId(),
            sessionName,
            sessionPolicy,
            tags,
            clock.instant(),
            expires);
    Map<String, Object> user = new LinkedHashMap<>();
    user.put("AssumedRoleId", role.roleId() + ":" + sessionName);
    user.put("Arn", session.arn());
    Map<String, Object> credentials = new LinkedHashMap<>();
    credentials.put("AccessKeyId", session.accessKeyId());
    credentials.put("SecretAccessKey", session.secretAccessKey());
    credentials.put("SessionToken", tokens.seal(session));
    credentials.put("Expiration", expires.toString());
    return Map.of("AssumedRoleUser", user, "Credentials", credentials);
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
    Caller caller = request.caller();
    if (caller.root()) {
      throw new AwsException("AccessDenied", 403, "Roles may not be assumed by root accounts.");
    }
    PolicyContext context = PolicyContext.of(caller, request.region());
    context.put("sts:RoleSessionName", sessionName);
    if (externalId != null) {
      context.put("sts:ExternalId", externalId);
    }
    Map<String, String> asked = SessionTags.asked(request);
    asked.forEach((name, value) -> context.put("aws:RequestTag/" + name, value));
    if (!asked.isEmpty()) {
      context.put("aws:TagKeys", asked.keySet());
      context.put("sts:TransitiveTagKeys", request.list("TransitiveTagKeys"));
    }
    Role role = state.roles.get(roleArn);
    for (String action :
        tagged ? List.of("sts:AssumeRole", "sts:TagSession") : List.of("sts:AssumeRole")) {
      if (role == null || !allowed(caller, role, action, context)) {
        throw new AwsException(
            "AccessDenied",
            403,
            "User: %s is not authorized to perform: %s on resource: %s"
                .formatted(caller.arn(), action, roleArn));
      }
    }
    return Objects.requireNonNull(role);
  }

  private static boolean allowed(Caller caller, Role role, String action, PolicyContext context) {
    Policy trust = role.trustPolicy().policy();
    return Access.decide(caller, role.account(), trust, false, action, role.arn(), context)
        == Access.ALLOWED;
  }

  private static int seconds(QueryRequest request, Role role) {
    int seconds = request.number("DurationSeconds", DEFAULT_SECONDS);
    if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
      throw new AwsException(
          "ValidationError",
          "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value %s"
              .formatted(
                  seconds,
                  seconds < MIN_SECONDS
                      ? "greater than or equal to " + MIN_SECONDS
                      : "less than or equal to " + MAX_SECONDS));
    }
    if (request.caller().kind() == Caller.Kind.SESSION && seconds > MAX_CHAINED_SECONDS) {
      throw new AwsException(
          "ValidationError",
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
              + " chaining.");
    }
    if (seconds > role.maxSessionSeconds()) {
      throw new AwsException(
          "ValidationError",
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    }
    return seconds;
  }

  private static void matches(Pattern pattern, String value, String member) {
    if (!pattern.matcher(value).matches()) {
      throw new AwsException(
          "ValidationError",
          "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s"
              .formatted(value, member, pattern));
    }
  }
}
