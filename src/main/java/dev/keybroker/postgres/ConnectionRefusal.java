package dev.keybroker.postgres;

import java.security.cert.CertificateException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// The reasons why a broker and PostgreSQL cannot connect because of a setting. Waiting does not
/// fix any of them.
final class ConnectionRefusal {
  /// SQLSTATE class 28: unknown role, wrong password, or no rule that admits them.
  private static final String INVALID_AUTHORIZATION = "28";

  private ConnectionRefusal() {}

  /// A sentence that names the setting; null for any other failure, such as an outage.
  static @Nullable String of(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof CertificateException) {
        return "this broker does not trust PostgreSQL's certificate: %s. Check sslrootcert in"
                .formatted(each.getMessage())
            + " quarkus.datasource.jdbc.url, and"
            + " quarkus.datasource.reactive.trust-certificate-pem.certs";
      }
      if (each instanceof SQLException refused
          && String.valueOf(refused.getSQLState()).startsWith(INVALID_AUTHORIZATION)) {
        return "PostgreSQL refuses this broker: %s. Check quarkus.datasource.username and"
                .formatted(refused.getMessage())
            + " quarkus.datasource.password";
      }
    }
    return null;
  }
}
