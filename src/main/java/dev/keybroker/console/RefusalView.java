package dev.keybroker.console;

import org.jspecify.annotations.Nullable;

/// A refused call, as a page shows it.
///
/// @param id `CODE/REASON`
/// @param denied whether the visitor lacks a permission
/// @param problem what AWS answered; null if the refusal is not about AWS
record RefusalView(String id, String text, boolean denied, @Nullable Problem problem) {
  static RefusalView of(RefusedCall refused) {
    return new RefusalView(refused.id(), refused.text(), refused.isDenied(), refused.problem());
  }
}
