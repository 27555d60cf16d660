package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.keybroker.crypto.KeyPairSpec;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/// How many requests this broker has made to KMS since it started, by key and encryption context.
/// They are counted by what AWS charges for them. Thread-safe.
@Singleton
public final class KmsRequestCounts {
  private static final long MAX_USES = 100_000;

  private final Instant start;
  private final Cache<Use, Count> counts =
      Caffeine.newBuilder().maximumSize(MAX_USES).executor(Runnable::run).build();

  public KmsRequestCounts(InstantSource clock) {
    this.start = clock.instant();
  }

  /// The requests for one key.
  public record Count(long symmetric, long rsaKeyPairs, long eccKeyPairs) {
    public static final Count NONE = new Count(0, 0, 0);

    static final Count ONE = new Count(1, 0, 0);

    /// A request for a key pair.
    static Count one(KeyPairSpec spec) {
      return switch (spec) {
        case RSA_2048, RSA_3072, RSA_4096 -> new Count(0, 1, 0);
        case ECC_NIST_P256, ECC_NIST_P384 -> new Count(0, 0, 1);
      };
    }

    private Count plus(Count more) {
      return new Count(
          symmetric + more.symmetric,
          rsaKeyPairs + more.rsaKeyPairs,
          eccKeyPairs + more.eccKeyPairs);
    }
  }

  private record Use(KmsArn key, KmsContext context) {}

  void made(KmsArn key, KmsContext context, Count requests) {
    counts.asMap().merge(new Use(key, context), requests, Count::plus);
  }

  /// When the counts started.
  public Instant start() {
    return start;
  }

  /// Returns the requests by key.
  ///
  /// @param contexts which encryption contexts to count
  public Map<KmsArn, Count> of(Predicate<KmsContext> contexts) {
    Map<KmsArn, Count> byKey = new HashMap<>();
    counts
        .asMap()
        .forEach(
            (use, made) -> {
              if (contexts.test(use.context())) {
                byKey.merge(use.key(), Count.NONE.plus(made), (known, added) -> known.plus(made));
              }
            });
    return byKey;
  }
}
