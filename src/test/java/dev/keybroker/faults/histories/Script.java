package dev.keybroker.faults.histories;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.OnKmsOutage;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A history before it is run: all that its seed says.
///
/// @param keystores one or two; the first is made before the clients begin, the second by one of
///     them, or several
/// @param creators how many clients make the first keystore at once
/// @param faultAtFirst whether KMS fails while they do
record Script(
    long seed, List<Made> keystores, int creators, boolean faultAtFirst, List<List<Step>> clients) {
  private static final int CLIENTS = 3;
  private static final int FEWEST_STEPS = 6;
  private static final int MOST_STEPS = 8;

  private static final Set<Operation> UPDATES =
      Set.of(Operation.UPDATE, Operation.UPDATE_WITH_ETAG);

  /// Within so many steps somebody makes the second keystore.
  private static final int EARLY = 3;

  /// A keystore as it is created.
  ///
  /// @param key 0 and 1: a key by its ARN; 2: the alias
  record Made(String name, int key, KeyPairSpec spec, Duration lifetime, OnKmsOutage onOutage) {
    String tenant() {
      return name.substring(0, name.indexOf("/keystores/"));
    }

    String id() {
      return name.substring(name.lastIndexOf('/') + 1);
    }
  }

  static Script of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Made> keystores = new ArrayList<>();
    int count = 1 + random.nextInt(3) / 2;
    for (int i = 0; i < count; i++) {
      keystores.add(
          new Made(
              "tenants/h-" + seed + "/keystores/k" + i,
              random.nextInt(3),
              spec(random.nextInt(50)),
              lifetime(random.nextInt(5)),
              random.nextInt(4) == 0
                  ? OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED
                  : OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK));
    }
    int creators = 1 + random.nextInt(CLIENTS);
    boolean faultAtFirst = random.nextInt(4) == 0;
    List<List<Step>> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int steps = FEWEST_STEPS + random.nextInt(MOST_STEPS - FEWEST_STEPS + 1);
      clients.add(
          Stream.generate(() -> Step.draw(random)).limit(steps).collect(Collectors.toList()));
    }
    if (count > 1) {
      List<Step> creator = clients.get(random.nextInt(CLIENTS));
      creator.set(random.nextInt(EARLY), Step.draw(random).as(Operation.CREATE));
    }
    return new Script(seed, List.copyOf(keystores), creators, faultAtFirst, List.copyOf(clients));
  }

  static KeyPairSpec spec(int draw) {
    return switch (draw % 50) {
      case 0 -> KeyPairSpec.KEY_PAIR_SPEC_RSA_2048;
      case 1, 2, 3, 4, 5 -> KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P384;
      default -> KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256;
    };
  }

  static Duration lifetime(int draw) {
    return switch (draw % 5) {
      case 0 -> Durations.ZERO;
      case 1 -> Durations.fromSeconds(1);
      default -> Durations.fromSeconds(60);
    };
  }

  /// Whether private KEKs of a keystore may live so shortly that one expires during a call.
  boolean hasShortLifetimes() {
    Stream<Duration> changed =
        clients.stream()
            .flatMap(List::stream)
            .filter(step -> UPDATES.contains(step.operation()))
            .map(step -> lifetime(step.second()));
    return Stream.concat(keystores.stream().map(Made::lifetime), changed)
        .anyMatch(lifetime -> lifetime.getSeconds() <= 1);
  }

  String tenant() {
    return keystores.getFirst().tenant();
  }

  int steps() {
    return clients.stream().mapToInt(List::size).sum();
  }
}
