package dev.keybroker.console;

import dev.keybroker.v1.KmsRequests;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/// What the requests to KMS of this broker process cost, as a page shows it.
///
/// @param since when the count started
/// @param known whether the count is old enough to tell what a day brings
/// @param perDay requests
/// @param perMonth USD for 30 days
record CostView(
    long symmetric,
    long rsaKeyPairs,
    long eccKeyPairs,
    Moment since,
    boolean known,
    String perDay,
    String perMonth) {
  /// The prices of AWS in USD for 10,000 requests in us-east-1, as of 2026
  /// (https://aws.amazon.com/kms/pricing/). Those of other regions and contracts differ.
  static final double SYMMETRIC = 0.03;

  static final double RSA_KEY_PAIR = 12.00;
  static final double ECC_KEY_PAIR = 0.10;
  private static final int PRICED = 10_000;

  private static final Duration SHORTEST = Duration.ofHours(1);
  private static final int DAYS = 30;

  static CostView of(KmsRequests requests, Instant now) {
    Instant start =
        Instant.ofEpochSecond(
            requests.getStartTime().getSeconds(), requests.getStartTime().getNanos());
    Duration counted = Duration.between(start, now);
    double days = (double) counted.toMillis() / Duration.ofDays(1).toMillis();
    long all = requests.getSymmetric() + requests.getRsaKeyPairs() + requests.getEccKeyPairs();
    double cost =
        (requests.getSymmetric() * SYMMETRIC
                + requests.getRsaKeyPairs() * RSA_KEY_PAIR
                + requests.getEccKeyPairs() * ECC_KEY_PAIR)
            / PRICED;
    return new CostView(
        requests.getSymmetric(),
        requests.getRsaKeyPairs(),
        requests.getEccKeyPairs(),
        Moment.of(start),
        counted.compareTo(SHORTEST) >= 0,
        String.format(Locale.ROOT, "%.0f", all / days),
        String.format(Locale.ROOT, "%.2f", cost / days * DAYS));
  }
}
