package dev.keybroker.boot.nativeimage;

import java.security.Provider;
import java.security.Security;
import org.graalvm.nativeimage.hosted.Feature;

/// Lets the executable use Amazon Corretto Crypto Provider.
///
/// The `javax.crypto` of an image accepts only providers that were verified while the image was
/// built, and of a provider that is initialised at run time it asks the name. Amazon Corretto
/// Crypto Provider loads a native library and tests itself when it is initialised, so it must not
/// be initialised in the builder: a stand-in of the same name is verified there in its place.
public final class CorrettoFeature implements Feature {
  /// The provider, and the one that its self-tests make for themselves.
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
      // The builder looks only at providers that have a service, whose class must be there.
      put("Mac.stands-for-" + name.replace(' ', '-'), "com.sun.crypto.provider.HmacMD5");
    }
  }
}
