package dev.keybroker.bench;

/// Which build a side of the comparison is.
enum Build {
  NOW,
  BEFORE
}
