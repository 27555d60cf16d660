package dev.keybroker.console;

import java.util.Locale;

/// The value of an enum of the contract that a form's field names.
final class Choice {
  private Choice() {}

  /// Fails with [RefusedCall] if there is no such value.
  ///
  /// @param prefix of the enum's values in the contract, which forms leave out
  static <E extends Enum<E>> E of(Class<E> type, String prefix, String text) {
    try {
      return Enum.valueOf(type, prefix + text);
    } catch (IllegalArgumentException e) {
      throw RefusedCall.invalid(
          "`%s` must be one of its values."
              .formatted(prefix.toLowerCase(Locale.ROOT).replaceAll("_$", "")));
    }
  }
}
