package dev.keybroker.boot.nativeimage;

import com.oracle.svm.core.annotate.Substitute;
import com.oracle.svm.core.annotate.TargetClass;
import org.graalvm.nativeimage.c.function.CFunction;

/// Calls the C library directly in a native executable, because not every image builder supports
/// Java's linker.
@TargetClass(className = "dev.keybroker.dek.Niceness")
final class NicenessSubstitution {
  private NicenessSubstitution() {}

  @Substitute
  private static int setPriority(int which, int who, int value) {
    return Libc.setPriority(which, who, value);
  }

  private static final class Libc {
    private Libc() {}

    @CFunction("setpriority")
    static native int setPriority(int which, int who, int value);
  }
}
