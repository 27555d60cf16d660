package dev.keybroker.crypto;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What is not cryptography: the canonical encoding of an encryption context of two pairs, and the
/// header of a wrapped DEK.
///
/// Average time in nanoseconds, 2 forks. Run: `./mvnw -Pjmh test -Djmh.args='FormatBench -prof
/// gc'`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
public class FormatBench {
  private final Map<String, String> pairs =
      Map.of("recording", "2026-11-22/0001", "media", "audio");
  private final byte[] wrapped =
      WrappedDek.assemble(
          UUID.randomUUID(),
          KeyPairSpec.RSA_3072,
          new byte[KeyPairSpec.RSA_3072.encapsulatedSize()],
          new byte[WrappedDek.SALT_SIZE],
          32);

  @Benchmark
  public EncryptionContext encryptionContext() {
    return EncryptionContext.of(pairs);
  }

  @Benchmark
  public WrappedDek wrappedDek() throws NotAuthenticException {
    return WrappedDek.parse(wrapped);
  }
}
