package dev.keybroker.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A text of a policy in which policy variables may stand: `${aws:username}`, with a default as in
/// `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}` for these characters themselves.
///
/// Variables exist since version 2012-10-17 of the policy language. In an older document, or in one
/// that names no version, they are plain characters.
final class PolicyText {

  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{(?:([*?$])|([^{}$*?,']+)(?:, ?'([^']*)')?)}");

  private final List<Part> parts;

  /// A stretch of the text; a variable if `name` is not null.
  private record Part(String text, boolean literal, @Nullable String name) {}

  private PolicyText(List<Part> parts) {
    this.parts = parts;
  }

  /// @throws MalformedPolicyException if a variable is not well-formed
  static PolicyText of(String text, boolean variables) {
    if (!variables || !text.contains("${")) {
      return new PolicyText(List.of(new Part(text, false, null)));
    }
    List<Part> parts = new ArrayList<>();
    Matcher matcher = VARIABLE.matcher(text);
    int end = 0;
    while (matcher.find()) {
      parts.add(plain(text.substring(end, matcher.start())));
      String character = matcher.group(1);
      String otherwise = matcher.group(3);
      parts.add(
          character != null
              ? new Part(character, true, null)
              : new Part(otherwise == null ? "" : otherwise, otherwise != null, matcher.group(2)));
      end = matcher.end();
    }
    parts.add(plain(text.substring(end)));
    return new PolicyText(List.copyOf(parts));
  }

  private static Part plain(String text) {
    if (text.contains("${")) {
      throw MalformedPolicyException.syntax("invalid variable");
    }
    return new Part(text, false, null);
  }

  /// The names of the variables, in lower case.
  Set<String> variables() {
    return parts.stream()
        .map(Part::name)
        .filter(Objects::nonNull)
        .map(name -> name.toLowerCase(Locale.ROOT))
        .collect(Collectors.toSet());
  }

  /// The text for one request; null if a variable has no single value there and no default. The
  /// values of variables hold no wildcards.
  @Nullable Glob resolve(PolicyContext context) {
    StringBuilder text = new StringBuilder();
    BitSet literal = new BitSet();
    for (Part part : parts) {
      String piece = part.text();
      boolean literally = part.literal();
      if (part.name() != null) {
        List<String> values = context.get(part.name());
        if (values.size() == 1) {
          piece = values.getFirst();
          literally = true;
        } else if (!literally) {
          return null;
        }
      }
      if (literally) {
        literal.set(text.length(), text.length() + piece.length());
      }
      text.append(piece);
    }
    return new Glob(text.toString(), literal);
  }
}
