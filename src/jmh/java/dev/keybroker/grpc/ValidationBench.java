package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// The check of the hot requests against the constraints of the contract.
///
/// Average time in microseconds, 2 forks. Run: `./mvnw -Pjmh test -Djmh.args='ValidationBench -prof
/// gc'`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
public class ValidationBench {
  private static final String KEYSTORE = "tenants/demo/keystores/call-recordings";

  private final RequestValidation validation = new RequestValidation();
  private final WrapDekRequest wrap =
      WrapDekRequest.newBuilder()
          .setKeystore(KEYSTORE)
          .putEncryptionContext("recording", "2026-11-22/0001")
          .putEncryptionContext("media", "audio")
          .build();
  private final UnwrapDekRequest unwrap =
      UnwrapDekRequest.newBuilder()
          .setKeystore(KEYSTORE)
          .setWrappedDek(ByteString.copyFrom(new byte[466]))
          .putEncryptionContext("recording", "2026-11-22/0001")
          .putEncryptionContext("media", "audio")
          .build();

  @Benchmark
  public @Nullable Object wrapDekRequest() {
    return validation.check(wrap);
  }

  @Benchmark
  public @Nullable Object unwrapDekRequest() {
    return validation.check(unwrap);
  }

  @Benchmark
  public @Nullable Object wrapDekRequestByProtovalidate() {
    return validation.checkAll(wrap);
  }

  @Benchmark
  public @Nullable Object unwrapDekRequestByProtovalidate() {
    return validation.checkAll(unwrap);
  }
}
