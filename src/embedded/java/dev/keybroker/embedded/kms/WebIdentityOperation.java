package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.Requester;
import java.security.PublicKey;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// AssumeRoleWithWebIdentity: a session of a role for the holder of an OIDC issuer's token. The
/// request is not signed; the token and the role's trust policy alone decide.
final class WebIdentityOperation implements QueryOperation {

  static final String NAME = "AssumeRoleWithWebIdentity";

  private static final String ACTION = "sts:" + NAME;

  private final LocalState state;
  private final Sessions sessions;

  WebIdentityOperation(LocalState state, Sessions sessions) {
    this.state = state;
    this.sessions = sessions;
  }

  @Override
  public Map<String, Object> call(QueryRequest request) {
    String roleArn = request.required("RoleArn");
    String sessionName = Sessions.name(request);
    String policy = sessions.policy(request);
    IdentityToken token = IdentityToken.parse(request.required("WebIdentityToken"));
    OidcProvider provider = provider(roleArn, token);
    verify(token, provider);
    Role role = state.roles.get(roleArn);
    Requester caller = request.caller().federated(provider.arn());
    PolicyContext context = context(caller, provider, token);
    context.put("sts:RoleSessionName", sessionName);
    if (role == null || !Sessions.trusts(role, caller, context, List.of(ACTION))) {
      throw new AwsException("AccessDenied", 403, "Not authorized to perform " + ACTION);
    }
    Session session =
        sessions.start(
            role, sessionName, policy, SessionTags.NONE, Sessions.seconds(request, role));
    Map<String, Object> answer = new LinkedHashMap<>(sessions.answer(session));
    answer.put("SubjectFromWebIdentityToken", token.subject());
    answer.put("Audience", token.parties().getFirst());
    answer.put("Provider", provider.arn());
    return answer;
  }

  /// The token's issuer, as the account of the role has registered it.
  private OidcProvider provider(String roleArn, IdentityToken token) {
    Arn arn = Arn.parse(roleArn);
    if (arn == null) {
      throw Sessions.invalid(roleArn + " is invalid");
    }
    OidcProvider provider =
        token.issuer().startsWith(OidcProvider.SCHEME)
            ? state.oidcProviders.get(
                OidcProvider.arn(
                    arn.partition(),
                    arn.account(),
                    token.issuer().substring(OidcProvider.SCHEME.length())))
            : null;
    if (provider == null) {
      throw IdentityToken.invalid(
          "No OpenIDConnect provider found in your account for " + token.issuer());
    }
    return provider;
  }

  private void verify(IdentityToken token, OidcProvider provider) {
    @Nullable PublicKey key =
        state.issuerKeys.getOrDefault(provider.url(), Map.of()).get(token.keyId());
    if (key == null || !token.isSignedBy(key)) {
      throw IdentityToken.invalid(
          "Couldn't retrieve verification key from your identity provider,  please reference"
              + " AssumeRoleWithWebIdentity documentation for requirements");
    }
    Instant now = sessions.now();
    if (!now.isBefore(token.expires())) {
      throw new AwsException(
          "ExpiredTokenException",
          "Token expired: current date/time %d must be before the expiration date/time%d"
              .formatted(now.getEpochSecond(), token.expires().getEpochSecond()));
    }
    if (token.parties().stream().noneMatch(provider.clientIds()::contains)) {
      throw IdentityToken.invalid("Incorrect token audience");
    }
  }

  private static PolicyContext context(
      Requester caller, OidcProvider provider, IdentityToken token) {
    PolicyContext context = new PolicyContext();
    caller.facts().forEach(context::put);
    context.put("aws:FederatedProvider", provider.arn());
    context.put(provider.url() + ":sub", token.subject());
    context.put(provider.url() + ":aud", token.parties());
    if (token.authorizedParty() != null) {
      context.put(provider.url() + ":oaud", token.audiences());
    }
    return context;
  }
}
