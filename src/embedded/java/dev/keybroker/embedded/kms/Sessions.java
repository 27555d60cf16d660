package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.PolicyStatement;
import dev.keybroker.policy.Requester;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Starts sessions of roles, whoever asks for them: the rules that all of STS's operations share.
final class Sessions {

  private static final Pattern NAME = Pattern.compile("[\\w+=,.@-]{2,64}");
  private static final int MIN_SECONDS = 900;
  private static final int MAX_SECONDS = 43_200;
  private static final int DEFAULT_SECONDS = 3_600;

  private final SessionTokens tokens;
  private final InstantSource clock;
  private final PolicyCheck check;

  Sessions(LocalState state, SessionTokens tokens, InstantSource clock) {
    this.tokens = tokens;
    this.clock = clock;
    this.check = new PolicyCheck(state, IamErrors::malformedPolicy);
  }

  /// The name that a request gives its session.
  static String name(QueryRequest request) {
    String name = request.required("RoleSessionName");
    matches(NAME, name, "roleSessionName");
    return name;
  }

  /// The session policy of a request; null if it has none.
  @Nullable String policy(QueryRequest request) {
    String policy = request.text("Policy");
    if (policy != null) {
      check.identityPolicy(policy);
    }
    return policy;
  }

  /// How long the session that a request asks for lasts.
  static int seconds(QueryRequest request, Role role) {
    int seconds = request.number("DurationSeconds", DEFAULT_SECONDS);
    if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
      throw invalid(
          "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value %s"
              .formatted(
                  seconds,
                  seconds < MIN_SECONDS
                      ? "greater than or equal to " + MIN_SECONDS
                      : "less than or equal to " + MAX_SECONDS));
    }
    if (seconds > role.maxSessionSeconds()) {
      throw invalid(
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    }
    return seconds;
  }

  /// Whether the role's trust policy alone lets a caller do all of this, who has no policies: a
  /// service of AWS or a federated user.
  static boolean trusts(Role role, Requester caller, PolicyContext context, List<String> actions) {
    Policy trust = role.trustPolicy().policy();
    return actions.stream()
        .allMatch(
            action ->
                !trust.denies(caller, action, role.arn(), context)
                    && trust.allows(caller, action, role.arn(), context)
                        == PolicyStatement.Match.DIRECT);
  }

  Session start(Role role, String name, @Nullable String policy, SessionTags tags, long seconds) {
    return new Session(
        RandomBytes.id("ASIA"),
        RandomBytes.hex(20),
        role.arn(),
        role.roleId(),
        name,
        policy,
        tags,
        clock.instant(),
        clock.instant().plusSeconds(seconds).truncatedTo(ChronoUnit.SECONDS));
  }

  /// The members that STS answers with.
  Map<String, Object> answer(Session session) {
    Map<String, Object> user = new LinkedHashMap<>();
    user.put("AssumedRoleId", session.roleId() + ":" + session.sessionName());
    user.put("Arn", session.arn());
    SessionCredentials given = credentials(session);
    Map<String, Object> credentials = new LinkedHashMap<>();
    credentials.put("AccessKeyId", given.accessKeyId());
    credentials.put("SecretAccessKey", given.secretAccessKey());
    credentials.put("SessionToken", given.sessionToken());
    credentials.put("Expiration", given.expiration().toString());
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("AssumedRoleUser", user);
    answer.put("Credentials", credentials);
    return answer;
  }

  SessionCredentials credentials(Session session) {
    return new SessionCredentials(
        session.accessKeyId(), session.secretAccessKey(), tokens.seal(session), session.expires());
  }

  Instant now() {
    return clock.instant();
  }

  static void matches(Pattern pattern, String value, String member) {
    if (!pattern.matcher(value).matches()) {
      throw invalid(
          "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s"
              .formatted(value, member, pattern));
    }
  }

  static AwsException invalid(String message) {
    return new AwsException("ValidationError", message);
  }
}
