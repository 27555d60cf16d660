package dev.keybroker.dek;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncapsulatedSecret;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.NotAuthenticException;
import dev.keybroker.crypto.PlaintextKeyPair;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.crypto.WrappedDek;
import java.security.SecureRandom;
import java.util.Map;
import java.util.UUID;
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

/// One unwrap of a 32-byte DEK with a context of two pairs, on one thread: by the private key, as
/// for a secret that is seen for the first time, and by a secret that is in memory.
///
/// Average time in microseconds, 2 forks. Run: `./mvnw -Pjmh test -Djmh.args='UnwrapBench -prof
/// gc'`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // set before each trial
public class UnwrapBench {
  @Param({"ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048", "RSA_3072", "RSA_4096"})
  KeyPairSpec spec;

  private final UUID kekId = UUID.randomUUID();
  private final EncryptionContext context =
      EncryptionContext.of(Map.of("recording", "2026-11-22/0001", "media", "audio"));
  private DekWrapping wrapping;
  private UnwrappingKey key;
  private EncapsulatedSecret secret;
  private byte[] wrapped;

  @Setup
  public void prepare() {
    CryptoProvider provider = CryptoProvider.detect();
    SecureRandom random = provider.secureRandom();
    KeyCodec codec = new KeyCodec(provider);
    wrapping = new DekWrapping(provider, random);
    try (PlaintextKeyPair pair = new KeyPairs(provider, random).generate(spec);
        SecretBytes dek = SecretBytes.random(32, random)) {
      key = codec.parsePrivate(spec, pair.pkcs8());
      secret = wrapping.encapsulator().encapsulate(key.publicKey());
      wrapped = wrapping.seal(kekId, spec, secret, dek, context);
    }
  }

  @Benchmark
  public int newSecret() throws NotAuthenticException {
    try (SecretBytes dek = wrapping.unwrap(kekId, key, wrapped, context)) {
      return dek.size();
    }
  }

  @Benchmark
  public int openedSecret() throws NotAuthenticException {
    WrappedDek parsed = WrappedDek.parse(wrapped);
    try (SecretBytes dek = wrapping.open(spec, secret.z(), parsed, context)) {
      return dek.size();
    }
  }
}
