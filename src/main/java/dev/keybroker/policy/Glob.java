package dev.keybroker.policy;

import java.util.BitSet;

/// A pattern with `*` (any characters) and `?` (one character), as IAM policies use them.
///
/// @param text the characters of the pattern
/// @param literal the positions at which a `*` or `?` stands for itself
public record Glob(String text, BitSet literal) {

  private static final BitSet NONE = new BitSet();

  public static boolean matches(String pattern, String text) {
    return new Glob(pattern, NONE).matches(text);
  }

  public boolean matches(String given) {
    int p = 0;
    int t = 0;
    int star = -1;
    int resume = 0;
    while (t < given.length()) {
      if (p < text.length() && !is('*', p) && (is('?', p) || text.charAt(p) == given.charAt(t))) {
        p++;
        t++;
      } else if (p < text.length() && is('*', p)) {
        star = p++;
        resume = t;
      } else if (star >= 0) {
        p = star + 1;
        t = ++resume;
      } else {
        return false;
      }
    }
    while (p < text.length() && is('*', p)) {
      p++;
    }
    return p == text.length();
  }

  private boolean is(char wildcard, int position) {
    return text.charAt(position) == wildcard && !literal.get(position);
  }
}
