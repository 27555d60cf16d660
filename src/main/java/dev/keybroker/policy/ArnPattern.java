package dev.keybroker.policy;

/// Matches ARNs component by component, as `ArnLike` and `ArnEquals` do: a `*` does not reach over
/// the colons between the first five components.
final class ArnPattern {

  private static final int COMPONENTS = 6;

  private ArnPattern() {}

  /// Whether `given` is an ARN that `pattern` describes; the pattern `*` alone describes each.
  static boolean matches(Glob pattern, String given) {
    String[] components = given.split(":", COMPONENTS);
    if (components.length < COMPONENTS) {
      return false;
    }
    if (pattern.text().equals("*")) {
      return true;
    }
    int start = 0;
    for (int i = 0; i < COMPONENTS; i++) {
      int end = i == COMPONENTS - 1 ? pattern.text().length() : pattern.text().indexOf(':', start);
      if (end < start || !part(pattern, start, end).matches(components[i])) {
        return false;
      }
      start = end + 1;
    }
    return true;
  }

  private static Glob part(Glob pattern, int start, int end) {
    return new Glob(pattern.text().substring(start, end), pattern.literal().get(start, end));
  }
}
