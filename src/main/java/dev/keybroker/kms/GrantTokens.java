package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;

/// The tokens of new grants, in this process's memory alone, until KMS has spread the grants.
/// Thread-safe.
///
/// A token counts for one encryption context, so that a tenant cannot give a token for another
/// tenant's calls.
@Singleton
public final class GrantTokens {
  /// How long KMS takes at the longest.
  ///
  /// Source: AWS KMS developer guide, "Eventual consistency of grants".
  public static final Duration SPREADING = Duration.ofMinutes(5);

  private static final long MAX = 10_000;

  private final Cache<List<Object>, String> tokens;

  public GrantTokens(Ticker ticker) {
    this.tokens =
        Caffeine.newBuilder()
            .maximumSize(MAX)
            .expireAfterWrite(SPREADING)
            .ticker(ticker)
            .executor(Runnable::run)
            .build();
  }

  /// Keeps the token of the grant by which a key is used.
  public void keep(KeyUse use, String token) {
    if (use.key().grantId() != null) {
      tokens.put(grant(use), token);
    }
  }

  /// Returns the tokens for a call: one or none.
  public List<String> of(KeyUse use) {
    String token = use.key().grantId() == null ? null : tokens.getIfPresent(grant(use));
    return token == null ? List.of() : List.of(token);
  }

  /// Forgets a token that KMS refuses.
  public void forget(KeyUse use) {
    if (use.key().grantId() != null) {
      tokens.invalidate(grant(use));
    }
  }

  private static List<Object> grant(KeyUse use) {
    return List.of(String.valueOf(use.key().grantId()), use.context());
  }
}
