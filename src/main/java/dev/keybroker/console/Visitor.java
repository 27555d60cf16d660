package dev.keybroker.console;

import dev.keybroker.access.AccessPolicy;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import dev.keybroker.access.jwt.JwtConfig;
import io.quarkus.security.identity.SecurityIdentity;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.RequestScoped;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Locale;
import java.util.regex.Pattern;
import org.eclipse.microprofile.jwt.JsonWebToken;

/// The person whose browser sent the current request. Their rights are those of the caller
/// `jwt:{sub}` in the access file.
@RequestScoped
class Visitor {
  private static final Pattern SUBJECT = Pattern.compile("[\\x21-\\x7e]{1,255}");

  private final SecurityIdentity identity;
  private final AccessPolicy policy;
  private final JwtConfig tokens;

  @Context RoutingContext request;
  @Context HttpHeaders headers;

  @SuppressWarnings("NullAway.Init") // set by the framework
  Visitor(SecurityIdentity identity, AccessPolicy policy, JwtConfig tokens) {
    this.identity = identity;
    this.policy = policy;
    this.tokens = tokens;
  }

  /// Fails with [RefusedCall] if the identity that the provider proved is none that the access file
  /// can name.
  Caller caller() {
    if (!(identity.getPrincipal() instanceof JsonWebToken token)) {
      return Caller.ANONYMOUS;
    }
    String subject = token.getSubject();
    if (subject == null || !SUBJECT.matcher(subject).matches()) {
      throw RefusedCall.unauthenticated("The `sub` of the ID token cannot name a caller.");
    }
    // A `sub` alone is the caller's name, so one issuer must assign all of them.
    if (tokens.issuer().filter(issuer -> !issuer.equals(token.getIssuer())).isPresent()) {
      throw RefusedCall.unauthenticated(
          "The OpenID Connect provider is not the issuer of `keybroker.jwt.issuer`.");
    }
    return new Caller(Caller.Kind.JWT, subject);
  }

  boolean isSignedIn() {
    return !identity.isAnonymous();
  }

  /// The caller as the access file writes it.
  String name() {
    Caller caller = caller();
    return caller.kind() == Caller.Kind.ANONYMOUS ? caller.subject() : "jwt:" + caller.subject();
  }

  String peer() {
    SocketAddress peer = request.request().remoteAddress();
    return peer.hostAddress() + ":" + peer.port();
  }

  /// Whether to offer what needs this permission. The API decides again when it is called.
  boolean may(Permission permission, Target target) {
    return policy.allows(caller(), permission, target);
  }

  /// Whether there is a tenant on which the visitor has this permission.
  boolean mayOnSomeTenant(Permission permission) {
    return !policy.reach(caller(), permission).isNowhere();
  }

  /// Japanese if the browser prefers it to English; otherwise English.
  Locale language() {
    for (Locale accepted : headers.getAcceptableLanguages()) {
      if (accepted.getLanguage().equals(Locale.JAPANESE.getLanguage())) {
        return Locale.JAPANESE;
      }
      if (accepted.getLanguage().equals(Locale.ENGLISH.getLanguage())) {
        return Locale.ENGLISH;
      }
    }
    return Locale.ENGLISH;
  }
}
