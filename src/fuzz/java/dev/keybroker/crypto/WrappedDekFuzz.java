package dev.keybroker.crypto;

import static dev.keybroker.fuzz.Property.holds;

import dev.keybroker.fuzz.Seeds;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A wrapped DEK opens as it was made, with its KEK and in its encryption context, and gives the
/// DEK that was wrapped. Any other bytes, KEK or context are one and the same refusal.
public final class WrappedDekFuzz {
  /// The longer RSA keys take the same way at several times the cost; they are opened by the secret
  /// that they encapsulate only.
  private static final Set<KeyPairSpec> WITH_PRIVATE_KEY =
      EnumSet.complementOf(EnumSet.of(KeyPairSpec.RSA_3072, KeyPairSpec.RSA_4096));

  private static final CryptoProvider PROVIDER = CryptoProvider.detect();
  private static final DekWrapping WRAPPING = new DekWrapping(PROVIDER, new SecureRandom());
  private static final List<Vector> VECTORS = Vector.all();
  private static final Map<Vector, UnwrappingKey> KEYS = new HashMap<>();

  private WrappedDekFuzz() {}

  private interface Opening {
    SecretBytes run() throws NotAuthenticException;
  }

  public static void fuzzerInitialize() {
    KeyCodec codec = new KeyCodec(PROVIDER);
    for (int i = 0; i < VECTORS.size(); i++) {
      Vector vector = VECTORS.get(i);
      KEYS.put(vector, vector.unwrappingKey(codec));
      Seeds.add("vector-" + i, vector.wrapped());
    }
  }

  public static void fuzzerTestOneInput(byte[] input) {
    WrappedDek wrapped;
    try {
      wrapped = WrappedDek.parse(input);
    } catch (NotAuthenticException e) {
      return;
    }
    Vector made = null;
    for (Vector vector : VECTORS) {
      made = Arrays.equals(vector.wrapped(), input) ? vector : made;
    }
    for (Vector vector : VECTORS) {
      for (Vector other : VECTORS) {
        EncryptionContext context = other.context();
        check(
            made != null && made.z().equals(vector.z()) && made.context().equals(context),
            made,
            () -> WRAPPING.open(vector.spec(), vector.z(), wrapped, context));
      }
      if (WITH_PRIVATE_KEY.contains(vector.spec())) {
        EncryptionContext context = vector.context();
        check(
            made != null && made.kekId().equals(vector.kekId()) && made.context().equals(context),
            made,
            () -> WRAPPING.unwrap(vector.kekId(), KEYS.get(vector), wrapped, context));
      }
    }
  }

  private static void check(boolean opens, @Nullable Vector made, Opening opening) {
    try (SecretBytes dek = opening.run()) {
      holds(opens && made != null, "opened what was not made so");
      holds(Arrays.equals(made.dek(), dek.toByteArray()), "opened to another DEK");
    } catch (NotAuthenticException e) {
      holds(!opens, "did not open what was made so");
    }
  }
}
