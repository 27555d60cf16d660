package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Requester;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds out who signed a request, and refuses what is not signed as it should be.
final class Authenticator {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final Duration SKEW = Duration.ofMinutes(5);

  private final LocalState state;
  private final SessionTokens tokens;
  private final InstantSource clock;
  private final CallerFacts facts;

  // Clients sign with the time of day, whatever clock the local KMS uses.
  private final InstantSource wallClock = InstantSource.system();

  Authenticator(LocalState state, SessionTokens tokens, InstantSource clock) {
    this.state = state;
    this.tokens = tokens;
    this.clock = clock;
    this.facts = new CallerFacts(state, clock);
  }

  /// The caller behind `signature`.
  ///
  /// @throws AwsException where the credentials or the signature are not good
  Requester authenticate(HttpRequest request, Signature signature) {
    AuthenticationErrors errors = AuthenticationErrors.of(signature.service());
    String token = request.header("X-Amz-Security-Token");
    LocalCredentials longTerm = state.accessKeys.get(signature.accessKeyId());
    Session session = token == null ? null : tokens.open(token);
    String secret;
    if (token == null && longTerm != null) {
      secret = longTerm.secretAccessKey();
    } else if (session != null && session.accessKeyId().equals(signature.accessKeyId())) {
      secret = session.secretAccessKey();
    } else {
      throw errors.unknownClient();
    }
    if (!signature.verify(request, secret)) {
      throw errors.wrongSignature();
    }
    checkTime(request.header("X-Amz-Date"), errors);
    Requester caller = session == null ? caller(longTerm, errors) : caller(session, errors);
    Arn identity = Arn.parse(caller.identityArn());
    if (identity == null || !identity.partition().equals(Arns.partitionOf(signature.region()))) {
      // A partition does not know the credentials of another one.
      throw errors.unknownClient();
    }
    return caller.at(facts.of(request));
  }

  /// The caller of a request without a signature.
  Requester anonymous(HttpRequest request) {
    return Requester.anonymous(facts.of(request));
  }

  private void checkTime(@Nullable String text, AuthenticationErrors errors) {
    Instant signed;
    try {
      signed = TIME.parse(String.valueOf(text), Instant::from);
    } catch (DateTimeParseException e) {
      throw errors.wrongSignature();
    }
    Instant now = wallClock.instant();
    if (signed.isBefore(now.minus(SKEW))) {
      throw errors.skewed(
          "Signature expired: %s is now earlier than %s (%s - 5 min.)"
              .formatted(text, TIME.format(now.minus(SKEW)), TIME.format(now)));
    }
    if (signed.isAfter(now.plus(SKEW))) {
      throw errors.skewed(
          "Signature not yet current: %s is still later than %s (%s + 5 min.)"
              .formatted(text, TIME.format(now.plus(SKEW)), TIME.format(now)));
    }
  }

  private Requester caller(@Nullable LocalCredentials key, AuthenticationErrors errors) {
    if (key == null) {
      throw errors.unknownClient();
    }
    String arn = key.arn();
    if (arn.equals(Arn.root(state.partition(key.account()), key.account()))) {
      return new Requester(
          Requester.Kind.ROOT,
          key.account(),
          arn,
          arn,
          key.account(),
          List.of(),
          null,
          Map.of(),
          facts.of(key));
    }
    User user = state.users.get(arn);
    if (user == null) {
      throw errors.unknownClient();
    }
    return new Requester(
        Requester.Kind.USER,
        key.account(),
        arn,
        arn,
        user.userId(),
        ParsedPolicies.of(user.policies().values()),
        null,
        Map.of(),
        facts.of(user));
  }

  private Requester caller(Session session, AuthenticationErrors errors) {
    if (!clock.instant().isBefore(session.expires())) {
      throw errors.expired();
    }
    Role role = state.roles.get(session.roleArn());
    if (role == null || !role.roleId().equals(session.roleId())) {
      throw errors.unknownClient();
    }
    String policy = session.policy();
    return new Requester(
        Requester.Kind.SESSION,
        role.account(),
        session.arn(),
        role.arn(),
        role.roleId() + ":" + session.sessionName(),
        ParsedPolicies.of(role.policies().values()),
        policy == null ? null : ParsedPolicies.of(policy),
        session.tags().transitive(),
        facts.of(role, session));
  }
}
