package dev.keybroker.boot.nativeimage;

import java.security.Provider;
import java.security.Security;
import org.graalvm.nativeimage.hosted.Feature;

/// Lets the executable use Amazon Corretto Crypto Provider.
///
/// In a native image, `javax.crypto` accepts only providers that were verified during the build. It
/// identifies a provider that is initialised at run time by its name. Amazon Corretto Crypto
/// Provider loads a native library and tests itself when it is initialised, so it must not be
/// initialised in the builder. Instead, a stand-in of the same name is verified there.
public final class CorrettoFeature implements Feature {
  /// The provider, and the one that its self-tests create.
  private static final String[] NAMES = {"AmazonCorrettoCryptoProvider", "test provider"};

  @Override
  public void afterRegistration(AfterRegistrationAccess access) {
    for (String name : NAMES) {
      Security.addProvider(new StandIn(name));
    }
  }

  private static final class StandIn extends Provider {
    private static final long serialVersionUID = 1L;

    StandIn(String name) {
      super(name, "0", "stands for it while the image is built");
      // The builder only considers providers that have a service, and the service's class must
      // exist.
      put("Mac.stands-for-" + name.replace(' ', '-'), "com.sun.crypto.provider.HmacMD5");
    }
  }
}
