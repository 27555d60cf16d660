package dev.keybroker.policy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who makes a request, as its signature or its token shows.
///
/// @param arn the ARN that AWS names the caller by: root, user, or assumed-role session
/// @param identityArn the ARN of the IAM entity behind it: root, user, or role
/// @param userId the id that GetCallerIdentity reports
/// @param policies the identity-based policies in force
/// @param sessionPolicy the policy given to AssumeRole; null if there was none
/// @param transitiveTags the session tags that pass to the next session of a role chain
/// @param facts further condition keys of the request with their values: the caller's tags and
///     organization, and where and when the request was made
public record Requester(
    Kind kind,
    String account,
    String arn,
    String identityArn,
    String userId,
    List<Policy> policies,
    @Nullable Policy sessionPolicy,
    Map<String, String> transitiveTags,
    Map<String, String> facts) {

  public Requester {
    policies = List.copyOf(policies);
    transitiveTags = Map.copyOf(transitiveTags);
    facts = Map.copyOf(facts);
  }

  /// The kinds of principal.
  public enum Kind {
    ROOT,
    USER,
    SESSION,
    /// A service of AWS, which policies name by its principal, e.g. `pods.eks.amazonaws.com`.
    SERVICE,
    /// The holder of a token of an identity provider, whom policies name by the provider's ARN.
    FEDERATED,
    /// The sender of a request without a signature.
    ANONYMOUS
  }

  public static Requester service(String principal) {
    return unsigned(Kind.SERVICE, principal, Map.of());
  }

  public static Requester anonymous(Map<String, String> facts) {
    return unsigned(Kind.ANONYMOUS, "anonymous", facts);
  }

  /// This caller, once an identity provider of this ARN has said who it is.
  public Requester federated(String provider) {
    return unsigned(Kind.FEDERATED, provider, facts);
  }

  private static Requester unsigned(Kind kind, String name, Map<String, String> facts) {
    return new Requester(kind, "", name, name, name, List.of(), null, Map.of(), facts);
  }

  /// Whether the caller has no IAM identity, and so no policies.
  public boolean isOutsideIam() {
    return kind.compareTo(Kind.SESSION) > 0;
  }

  /// This caller with more facts of the request.
  public Requester at(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(facts);
    all.putAll(more);
    return new Requester(
        kind, account, arn, identityArn, userId, policies, sessionPolicy, transitiveTags, all);
  }

  public boolean root() {
    return kind == Kind.ROOT;
  }

  /// The unique id of the IAM entity behind the caller. One that is made anew under an old name has
  /// another id.
  public String entityId() {
    int colon = userId.indexOf(':');
    return colon < 0 ? userId : userId.substring(0, colon);
  }

  /// The ARN that names the caller's account as a principal.
  public String accountArn() {
    Arn identity = Arn.parse(identityArn);
    return Arn.root(identity == null ? "aws" : identity.partition(), account);
  }

  /// Whether `principal`, an ARN or a unique id, is this caller.
  public boolean is(String principal) {
    return principal.equals(arn)
        || principal.equals(identityArn)
        || (!root() && principal.equals(entityId()));
  }
}
