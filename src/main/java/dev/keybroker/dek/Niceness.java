package dev.keybroker.dek;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jboss.logging.Logger;

/// How readily a thread leaves its processor to the others of its process: `setpriority(2)`, whose
/// nice value is a thread's own in Linux.
///
/// Java's thread priorities reach the kernel only with an option of the JVM, and no further than
/// nice 4; in a native executable not at all.
final class Niceness {
  private static final Logger LOG = Logger.getLogger(Niceness.class);
  private static final int PRIO_PROCESS = 0;
  private static final int CALLING_THREAD = 0;

  private Niceness() {}

  /// Gives the calling thread this nice value, from 0 (as all others) to 19 (runs where the others
  /// leave time). Needs no privilege. Where it cannot be done, the thread stays as it is and a
  /// warning says so; not in Linux: nothing is done.
  static void take(int nice) {
    if (nice == 0 || !System.getProperty("os.name").equals("Linux")) {
      return;
    }
    try {
      if (setPriority(PRIO_PROCESS, CALLING_THREAD, nice) != 0) {
        LOG.warnf("The kernel refuses the nice value %d", nice);
      }
    } catch (Throwable e) {
      LOG.warnf(e, "The nice value %d cannot be set", nice);
    }
  }

  /// Replaced in a native executable.
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
