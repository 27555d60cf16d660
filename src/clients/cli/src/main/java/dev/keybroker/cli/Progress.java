package dev.keybroker.cli;

import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;

/** A line on a terminal that says how far the work is, renewed five times a second. */
final class Progress {
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final PrintWriter err;
  private final boolean shown;
  private final String unit;
  private final long all;
  private long next = System.nanoTime() + NANOS;
  private boolean printed;

  /**
   * @param all how much there is to do; negative if unknown
   */
  Progress(PrintWriter err, boolean shown, String unit, long all) {
    this.err = err;
    this.shown = shown;
    this.unit = unit;
    this.all = all;
  }

  static Progress ofBytes(PrintWriter err, long all) {
    return new Progress(err, Terminal.is(Terminal.ERROR), "MiB", all < 0 ? all : all >> 20);
  }

  void bytes(long done) {
    at(done >> 20);
  }

  void at(long done) {
    if (shown && System.nanoTime() - next >= 0) {
      next = System.nanoTime() + NANOS;
      printed = true;
      err.print("\r" + done + (all > 0 ? " of " + all : "") + " " + unit + " ");
      err.flush();
    }
  }

  /** Removes the line. */
  void end() {
    if (printed) {
      err.print("\r\033[K");
      err.flush();
    }
  }
}
