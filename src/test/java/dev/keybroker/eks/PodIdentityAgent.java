package dev.keybroker.eks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.SessionCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;

/// A double of the EKS Pod Identity agent: it exchanges the pod's token for a session of the
/// broker's role, which EKS starts and tags.
final class PodIdentityAgent implements AutoCloseable {
  static final String SERVICE = "pods.eks.amazonaws.com";

  private static final Map<String, String> TAGS =
      Map.of(
          "eks-cluster-arn", "arn:aws:eks:eu-central-1:111122223333:cluster/prod",
          "eks-cluster-name", "prod",
          "kubernetes-namespace", "keybroker",
          "kubernetes-service-account", "keybroker",
          "kubernetes-pod-name", "keybroker-6d4cf56db6-abcde",
          "kubernetes-pod-uid", "12345678-1234-1234-1234-123456789012");

  private final LocalKms aws;
  private final EksCluster cluster;
  private final HttpServer server;
  private final AtomicInteger sessions = new AtomicInteger();
  private volatile Duration lifetime = Duration.ofHours(6);
  private volatile boolean tagged = true;

  private PodIdentityAgent(LocalKms aws, EksCluster cluster, HttpServer server) {
    this.aws = aws;
    this.cluster = cluster;
    this.server = server;
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/v1/credentials", this::answer);
    server.start();
  }

  static PodIdentityAgent start(LocalKms aws, EksCluster cluster) throws IOException {
    return new PodIdentityAgent(
        aws,
        cluster,
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1/credentials");
  }

  /// How many sessions it has given.
  int sessions() {
    return sessions.get();
  }

  /// For how long the sessions that it gives from now on are good, by their own account.
  void lifetime(Duration time) {
    lifetime = time;
  }

  /// Whether its sessions have tags; `--disable-session-tags` of the association turns them off.
  void sessionTags(boolean on) {
    tagged = on;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!isOfThePod(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      SessionCredentials session =
          aws.serviceSession(
              SERVICE, cluster.role(), "eks-prod-keybroker", tagged ? TAGS : Map.of(), lifetime);
      byte[] body =
          """
          {"AccessKeyId":"%s","SecretAccessKey":"%s","Token":"%s","AccountId":"111122223333",
          "Expiration":"%s"}
          """
              .formatted(
                  session.accessKeyId(),
                  session.secretAccessKey(),
                  session.sessionToken(),
                  session.expiration())
              .getBytes(StandardCharsets.UTF_8);
      sessions.incrementAndGet();
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private boolean isOfThePod(String token) {
    try {
      new JwtConsumerBuilder()
          .setVerificationKey(cluster.key().getPublicKey())
          .setExpectedAudience(EksCluster.POD_IDENTITY_AUDIENCE)
          .setExpectedSubject(EksCluster.SUBJECT)
          .setRequireExpirationTime()
          .build()
          .processToClaims(String.valueOf(token));
      return true;
    } catch (InvalidJwtException e) {
      return false;
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
