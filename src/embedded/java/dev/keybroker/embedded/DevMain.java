package dev.keybroker.embedded;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.nio.file.Path;
import java.util.Map;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jboss.logging.Logger;

/// The main class of dev mode: starts what is not configured, then the broker.
///
/// Services live as long as the process, over all of Quarkus' restarts after a change of the code:
/// system properties say where they are. Ordinary Quarkus configuration goes before: where
/// `quarkus.datasource.reactive.url` is set, nothing is started here; any other setting that is
/// made stands; and where `quarkus.kms.endpoint-override` is, there is no demo tenant either.
@QuarkusMain(name = "dev")
public final class DevMain {
  private static final Logger LOG = Logger.getLogger(DevMain.class);
  /// The ARN of the demo tenant's KMS key; set where the services are started.
  static final String DEMO_KEY = "keybroker.embedded.demo-key";

  /// The lines by which a shell reaches the local KMS as the demo tenant; set with [#DEMO_KEY].
  static final String DEMO_EXPORTS = "keybroker.embedded.demo-exports";

  private static final String KMS_ENDPOINT = "quarkus.kms.endpoint-override";
  private static final String FOLDER = "keybroker.embedded.folder";

  DevMain() {}

  /// Starts the broker in dev mode.
  public static void main(String... args) {
    if (!isConfigured("quarkus.datasource.reactive.url")) {
      start(Path.of(System.getProperty(FOLDER, ".keybroker")));
    }
    Quarkus.run(args);
  }

  private static boolean isConfigured(String property) {
    return ConfigProvider.getConfig().getOptionalValue(property, String.class).isPresent();
  }

  private static void start(Path folder) {
    LOG.infof("Starting PostgreSQL, Redis and the local KMS, state in %s", folder);
    EmbeddedServices services = EmbeddedServices.start(folder);
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("embedded-services").unstarted(services::close));
    boolean ownKms = isConfigured(KMS_ENDPOINT);
    for (Map.Entry<String, String> setting : services.configuration().entrySet()) {
      boolean ofKms = setting.getKey().startsWith("quarkus.kms.");
      if (!isConfigured(setting.getKey()) && !(ofKms && ownKms)) {
        System.setProperty(setting.getKey(), setting.getValue());
      }
    }
    if (!ownKms) {
      System.setProperty(DEMO_KEY, DemoKey.make(services.kms(), services.brokerPrincipal()));
      System.setProperty(DEMO_EXPORTS, DemoAccount.exports(services.kms()));
    }
  }
}
