package dev.keybroker.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The pairs of an encryption context. */
final class ContextOption {
  @Option(
      names = "--context",
      paramLabel = "KEY=VALUE",
      description =
          "A pair of the encryption context; repeat it for each pair. Without any, a command that"
              + " opens a recording trusts the context in its header.")
  private List<String> pairs = List.of();

  Map<String, String> pairs() {
    Map<String, String> context = new LinkedHashMap<>();
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      // The message does not quote the pair, whose value may be confidential.
      if (equals < 1
          || context.put(pair.substring(0, equals), pair.substring(equals + 1)) != null) {
        throw new IllegalArgumentException("--context is KEY=VALUE, each key once");
      }
    }
    return context;
  }

  /** The pairs, or null if there are none. */
  Map<String, String> expected() {
    return pairs.isEmpty() ? null : pairs();
  }
}
