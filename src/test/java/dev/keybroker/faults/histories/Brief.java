package dev.keybroker.faults.histories;

import dev.keybroker.v1.Kek;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.WrapDekResponse;
import java.util.stream.Collectors;

/// Answers in a few words.
final class Brief {
  private Brief() {}

  static String of(Object answer) {
    return switch (answer) {
      case WrapDekResponse it -> "ok " + Ask.brief(it.getKek());
      case RewrapDekResponse it -> "ok " + Ask.brief(it.getKek());
      case PublicKek it -> "ok " + Ask.brief(it.getKek());
      case Kek it -> "ok " + of(it);
      case Keystore it -> "ok " + Ask.brief(it.getActiveKek()) + ", " + it.getDisplayName();
      case ListKeksResponse it ->
          it.getKeksList().stream().map(Brief::of).collect(Collectors.joining(", ", "ok ", ""));
      default -> "ok";
    };
  }

  private static String of(Kek kek) {
    return Ask.brief(kek.getName()) + " " + KekEvent.state(kek);
  }
}
