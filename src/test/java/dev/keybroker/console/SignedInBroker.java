package dev.keybroker.console;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;

/// A broker whose console's visitors sign in at an OpenID Connect provider in the tests' process,
/// which lets everybody in as whom they like. Their rights are those of an access file.
public class SignedInBroker implements QuarkusTestProfile {
  static final String TENANT = "console-own";

  private static final String PROVIDER = "keybroker.test.oidc";
  private static final String ACCESS =
      """
      version: 1
      grants:
        - callers: ["jwt:admin"]
          permissions: [keystore.view, keystore.edit, audit.view]
          on: ["tenants/*"]
        - callers: ["jwt:viewer"]
          permissions: [keystore.view]
          on: ["tenants/console-own"]
        - callers: ["jwt:auditor"]
          permissions: [audit.view]
          on: ["tenants/console-own"]
        - callers: ["dns:recorder"]
          permissions: [dek.wrap, dek.unwrap]
          on: ["tenants/console-own"]
      """;

  @Override
  public Map<String, String> getConfigOverrides() {
    Path file = Path.of("target", "access-of-console.yaml").toAbsolutePath();
    try {
      Files.writeString(file, ACCESS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> settings = new HashMap<>();
    settings.put("keybroker.access.file", file.toString());
    settings.put("keybroker.console.enabled", "true");
    settings.put("keybroker.rotation.every", "1s");
    settings.put("keybroker.kek.freshness", "1s");
    settings.put("quarkus.oidc.auth-server-url", provider() + "default");
    settings.put("quarkus.oidc.client-id", "keybroker-console");
    settings.put("quarkus.oidc.credentials.secret", "a secret of the tests, of some 40 characters");
    return settings;
  }

  /// Starts the provider, once for all tests.
  private static String provider() {
    String known = System.getProperty(PROVIDER);
    if (known != null) {
      return known;
    }
    MockOAuth2Server server =
        new MockOAuth2Server(OAuth2Config.Companion.fromJson("{\"interactiveLogin\": true}"));
    try {
      server.start(InetAddress.getByName("127.0.0.1"), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.setProperty(PROVIDER, server.url("/").toString());
    return System.getProperty(PROVIDER);
  }
}
