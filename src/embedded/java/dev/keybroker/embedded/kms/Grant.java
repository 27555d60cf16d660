package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Requester;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Permission for one principal to use one key, in addition to the key policy.
///
/// @param granteeId the unique id of the grantee; null for an account or a session
/// @param contextEquals the encryption context the request must have; null if there is no bound
/// @param contextSubset pairs the request's context must hold; null if there is no bound
record Grant(
    String grantId,
    String keyArn,
    String granteePrincipal,
    @Nullable String granteeId,
    @Nullable String retiringPrincipal,
    List<String> operations,
    @Nullable Map<String, String> contextEquals,
    @Nullable Map<String, String> contextSubset,
    @Nullable String name,
    String issuingAccount,
    Instant created) {

  private static final String TOKEN_START = "AQpA";

  /// Whether the grant is for this caller.
  boolean grantedTo(Requester caller) {
    return caller.is(granteeId == null ? granteePrincipal : granteeId);
  }

  /// What lets its bearer use the grant before it is seen everywhere.
  String token() {
    return TOKEN_START + grantId;
  }

  GrantTerms terms() {
    return new GrantTerms(operations, contextEquals, contextSubset);
  }

  /// Whether the grant lets its grantee do `operation`. The constraints bind operations that take
  /// an encryption context only; others give null for it.
  boolean allows(String operation, @Nullable Map<String, String> context) {
    if (!operations.contains(operation)) {
      return false;
    }
    if (context == null) {
      return true;
    }
    Map<String, String> given = lowerCaseKeys(context);
    if (contextEquals != null && !given.equals(lowerCaseKeys(contextEquals))) {
      return false;
    }
    return contextSubset == null
        || given.entrySet().containsAll(lowerCaseKeys(contextSubset).entrySet());
  }

  // In a grant constraint, unlike in the ciphertext, keys are not case-sensitive; values are.
  private static Map<String, String> lowerCaseKeys(Map<String, String> pairs) {
    return pairs.entrySet().stream()
        .collect(
            Collectors.toMap(
                e -> e.getKey().toLowerCase(Locale.ROOT), Map.Entry::getValue, (a, b) -> b));
  }
}
