package dev.keybroker.keystore;

/// How often a keystore's KEK is replaced by a new one.
public enum RotationPeriod {
  NEVER,
  DAILY,
  WEEKLY,
  MONTHLY,
  YEARLY
}
