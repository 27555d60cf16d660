package dev.keybroker.grpc;

import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// A broker without an issuer of tokens, with authorities of two SPIFFE trust domains and of DNS
/// names. The authorities of `example.org`, and the broker's own, are those of [SecuredBroker].
public final class TrustingBroker implements QuarkusTestProfile {
  static final TestAuthority PARTNERS = TestAuthority.in(SecuredBroker.FOLDER, "partners");
  static final TestAuthority HOSTS = TestAuthority.in(SecuredBroker.FOLDER, "hosts");
  static final Path PARTNER_BUNDLE = SecuredBroker.FOLDER.resolve("partner.pem");
  static final Path DNS_AUTHORITIES = SecuredBroker.FOLDER.resolve("dns.pem");
  static final Issued PARTNER =
      PARTNERS.issue("partner", new Request().uri("spiffe://partner.example/export"));
  static final Issued HOST = HOSTS.issue("host", new Request().dns("recorder.example"));

  /// Writes good files.
  static void writeFiles() {
    try {
      SecuredBroker.writeFiles();
      TestAuthority.replace(PARTNER_BUNDLE, PARTNERS.pem());
      TestAuthority.replace(DNS_AUTHORITIES, HOSTS.pem());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Map<String, String> getConfigOverrides() {
    writeFiles();
    Map<String, String> settings = new HashMap<>();
    settings.put(
        "quarkus.tls.keybroker.key-store.pem.0.cert", SecuredBroker.CERTIFICATE.toString());
    settings.put("quarkus.tls.keybroker.key-store.pem.0.key", SecuredBroker.KEY.toString());
    settings.put(
        "keybroker.mtls.spiffe-bundles.\"example.org\"",
        SecuredBroker.CLIENT_AUTHORITIES.toString());
    settings.put("keybroker.mtls.spiffe-bundles.\"partner.example\"", PARTNER_BUNDLE.toString());
    settings.put("keybroker.mtls.dns-authorities", DNS_AUTHORITIES.toString());
    settings.put("keybroker.tls.reload-period", "0.5s");
    return settings;
  }
}
