package dev.keybroker.eks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// The local STS behind TLS, as AWS's regional endpoints are: a broker that cannot speak HTTPS to
/// STS has no credentials.
final class StsEndpoint implements AutoCloseable {
  private static final String PASSWORD = "changeit";

  private final HttpsServer server;
  private final HttpClient client = HttpClient.newHttpClient();
  private final URI sts;
  private final Path trustStore;

  private StsEndpoint(HttpsServer server, URI sts, Path trustStore) {
    this.server = server;
    this.sts = sts;
    this.trustStore = trustStore;
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::relay);
    server.start();
  }

  /// @param folder for the trust store with the endpoint's authority
  static StsEndpoint start(URI sts, Path folder) throws IOException, GeneralSecurityException {
    TestAuthority authority = TestAuthority.create("sts");
    Issued certificate = authority.server();
    KeyStore store = keyStore();
    store.setKeyEntry(
        "server",
        certificate.key(),
        PASSWORD.toCharArray(),
        new Certificate[] {certificate.certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    KeyStore trusted = keyStore();
    trusted.setCertificateEntry("sts", authority.certificate());
    Path file = folder.resolve("sts.p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      trusted.store(out, PASSWORD.toCharArray());
    }
    return new StsEndpoint(server, sts, file);
  }

  private static KeyStore keyStore() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  URI url() {
    return URI.create("https://localhost:" + server.getAddress().getPort());
  }

  /// The options of a process that trusts the endpoint.
  String[] trust() {
    return new String[] {
      "-Djavax.net.ssl.trustStore=" + trustStore,
      "-Djavax.net.ssl.trustStoreType=PKCS12",
      "-Djavax.net.ssl.trustStorePassword=" + PASSWORD
    };
  }

  private void relay(HttpExchange exchange) throws IOException {
    try (exchange) {
      HttpResponse<byte[]> answer =
          client.send(
              HttpRequest.newBuilder(sts)
                  .header("Content-Type", exchange.getRequestHeaders().getFirst("Content-Type"))
                  .POST(
                      HttpRequest.BodyPublishers.ofByteArray(
                          exchange.getRequestBody().readAllBytes()))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      answer
          .headers()
          .firstValue("Content-Type")
          .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
      exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
      exchange.getResponseBody().write(answer.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    client.close();
  }
}
