package dev.keybroker.dek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.PlaintextKeyPair;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// One wrap of a 32-byte DEK with a context of two pairs, on one thread: with a wrap session, and
/// with an encapsulation for each DEK.
///
/// Average time in microseconds, 2 forks. Run: `./mvnw -Pjmh test -Djmh.args='WrapBench -prof gc'`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // set before each trial
public class WrapBench {
  @Param({"ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048", "RSA_3072", "RSA_4096"})
  KeyPairSpec spec;

  private WrapSessions session;
  private WrapSessions noSession;
  private ActiveKek kek;
  private SecretBytes dek;
  private final EncryptionContext context =
      EncryptionContext.of(Map.of("recording", "2026-11-22/0001", "media", "audio"));

  @Setup
  public void prepare() {
    CryptoProvider provider = CryptoProvider.detect();
    SecureRandom random = provider.secureRandom();
    DekWrapping wrapping = new DekWrapping(provider, random);
    session = sessions(wrapping, 1 << 20);
    noSession = sessions(wrapping, 1);
    try (PlaintextKeyPair pair = new KeyPairs(provider, random).generate(spec)) {
      kek =
          new ActiveKek(
              new KekName(new KeystoreName("demo", "calls"), UUID.randomUUID()),
              new KeyCodec(provider).parsePublic(spec, pair.subjectPublicKeyInfo()),
              new KeyUse(
                  new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), null),
                  new KmsContext(Map.of("keybroker:tenant", "demo"))),
              false,
              Instant.EPOCH,
              Instant.EPOCH);
    }
    dek = SecretBytes.random(32, random);
  }

  private static WrapSessions sessions(DekWrapping wrapping, int maxDeks) {
    return new WrapSessions(
        wrapping,
        new WrapSessionConfig() {
          @Override
          public Duration lifetime() {
            return Duration.ofSeconds(60);
          }

          @Override
          public int maxDeks() {
            return maxDeks;
          }

          @Override
          public long maxSessions() {
            return 200_000;
          }
        },
        Ticker.systemTicker(),
        ForkJoinPool.commonPool());
  }

  @Benchmark
  public byte[] withSession() {
    return session.wrap(kek, dek, context);
  }

  @Benchmark
  public byte[] withoutSession() {
    return noSession.wrap(kek, dek, context);
  }
}
