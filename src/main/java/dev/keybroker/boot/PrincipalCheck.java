package dev.keybroker.boot;

import dev.keybroker.keystore.Diagnosis;
import dev.keybroker.kms.aws.AwsConfig;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.jboss.logging.Logger;

/// Compares the configured principal with the one that AWS reports, so that tenants never receive
/// policies for another principal. If AWS is unreachable at startup, the first use compares.
@Singleton
class PrincipalCheck {
  private static final Logger LOG = Logger.getLogger(PrincipalCheck.class);

  void check(@Observes StartupEvent event, AwsConfig config, Diagnosis diagnosis) {
    if (config.principalArn().isEmpty()) {
      return;
    }
    diagnosis
        .ownPrincipal()
        .subscribe()
        .with(
            principal -> LOG.infof("AWS knows the broker as %s", principal),
            failure -> {
              if (failure instanceof Diagnosis.WrongPrincipal) {
                LOG.fatal("The broker stops: " + failure.getMessage());
                Quarkus.asyncExit(1);
              } else {
                LOG.warnf("AWS did not report the broker's principal: %s", failure.getMessage());
              }
            });
  }
}
