package dev.keybroker.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The values that a setting may have: [BoundsCheck] refuses all others, and the reference of the
/// settings is generated from it. Applies to the value, if there is one, and to each element of a
/// list or map.
///
/// A number is a text such as `1` or `0.5`, a duration one such as `1 ms`, `10 s`, `2 min`, `12 h`
/// or `1 day`.
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Bounds {
  /// The smallest value.
  String atLeast() default "";

  /// The largest value that is too small.
  String above() default "";

  /// The largest value.
  String atMost() default "";

  /// The smallest value that is too large.
  String below() default "";

  /// A regular expression for the whole text. Needs [#form()].
  String pattern() default "";

  /// A regular expression for the names of a map. Needs [#form()].
  String names() default "";

  /// What the patterns accept, in words that continue "must be".
  String form() default "";

  /// Whether the text is a MAC key ([dev.keybroker.crypto.MacKey]).
  boolean macKey() default false;
}
