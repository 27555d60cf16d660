package dev.keybroker.dek;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jboss.logging.Logger;

/// Sets the nice value of a thread with `setpriority(2)`. On Linux each thread has its own.
///
/// Java's thread priorities reach the kernel only with an option of the JVM, and no further than
/// nice 4; in a native executable not at all.
final class Niceness {
  private static final Logger LOG = Logger.getLogger(Niceness.class);
  private static final int PRIO_PROCESS = 0;
  private static final int CALLING_THREAD = 0;

  private Niceness() {}

  /// Sets the nice value of the calling thread, from 0 (like all others) to 19 (runs when the
  /// others leave time). Needs no privilege. If it fails, the thread keeps its value and a warning
  /// is logged. Has no effect on other systems than Linux.
  static void take(int nice) {
    if (nice == 0 || !System.getProperty("os.name").equals("Linux")) {
      return;
    }
    try {
      if (setPriority(PRIO_PROCESS, CALLING_THREAD, nice) != 0) {
        LOG.warnf("The kernel refused the nice value %d", nice);
      }
    } catch (Throwable e) {
      LOG.warnf(e, "Could not set the nice value %d", nice);
    }
  }

  /// Substituted in a native executable.
  private static int setPriority(int which, int who, int value) throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle setPriority =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setpriority"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
    return (int) setPriority.invokeExact(which, who, value);
  }
}
