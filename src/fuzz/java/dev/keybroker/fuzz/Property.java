package dev.keybroker.fuzz;

/// States what a target holds to be true of every input.
public final class Property {
  private Property() {}

  /// Ends the run with a finding where the property does not hold.
  public static void holds(boolean property, String otherwise) {
    if (!property) {
      throw new AssertionError(otherwise);
    }
  }
}
