package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The condition keys that say more about a caller than its name: its tags and organization, and
/// where and when it makes a request.
final class CallerFacts {

  private final LocalState state;
  private final InstantSource clock;

  CallerFacts(LocalState state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  Map<String, String> of(LocalCredentials root) {
    return organization(root.account());
  }

  Map<String, String> of(User user) {
    Arn arn = Arn.parse(user.arn());
    Map<String, String> facts = organization(arn == null ? "" : arn.account());
    facts.put("aws:username", user.name());
    put(facts, user.tags());
    return facts;
  }

  /// A session's tag takes precedence over the role's tag of the same name.
  Map<String, String> of(Role role, Session session) {
    Map<String, String> facts = organization(role.account());
    facts.put("aws:TokenIssueTime", session.issued().truncatedTo(ChronoUnit.SECONDS).toString());
    Map<String, String> tags = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    if (role.tags() != null) {
      tags.putAll(role.tags());
    }
    tags.putAll(session.tags().all());
    put(facts, tags);
    return facts;
  }

  Map<String, String> of(HttpRequest request) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Map<String, String> facts = new HashMap<>(RequestPlace.of(request.uri()));
    facts.put("aws:CurrentTime", now.toString());
    facts.put("aws:EpochTime", String.valueOf(now.getEpochSecond()));
    // The endpoints of AWS that this server replaces accept TLS only.
    facts.put("aws:SecureTransport", "true");
    return facts;
  }

  private Map<String, String> organization(String account) {
    Map<String, String> facts = new HashMap<>();
    String id = state.organizations.get(account);
    if (id != null) {
      facts.put("aws:PrincipalOrgID", id);
    }
    return facts;
  }

  private static void put(Map<String, String> facts, @Nullable Map<String, String> tags) {
    if (tags != null) {
      tags.forEach((name, value) -> facts.put("aws:PrincipalTag/" + name, value));
    }
  }
}
