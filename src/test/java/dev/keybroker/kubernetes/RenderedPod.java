package dev.keybroker.kubernetes;

import dev.keybroker.PackagedBroker;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;

/// A container of an overlay as a process of this machine: its files, its environment and its
/// arguments, as rendered. Only mount paths and addresses are others.
final class RenderedPod {
  private final Path root;
  private final Container container;
  private final UnaryOperator<String> addresses;

  private RenderedPod(Path root, Container container, UnaryOperator<String> addresses) {
    this.root = root;
    this.container = container;
    this.addresses = addresses;
  }

  /// @param root the folder that stands for the root of the container's file system
  /// @param addresses maps the addresses in a file of settings to those of this machine
  static RenderedPod of(
      Overlay overlay,
      PodSpec pod,
      Path root,
      PodFiles.Given given,
      UnaryOperator<String> addresses)
      throws IOException {
    Container container = pod.getContainers().getFirst();
    RenderedPod rendered = new RenderedPod(root.toAbsolutePath(), container, addresses);
    for (Map.Entry<String, String> file : PodFiles.of(overlay, pod, container, given).entrySet()) {
      Path there = rendered.path(file.getKey());
      Files.createDirectories(there.getParent());
      rendered.write(file.getKey(), file.getValue());
    }
    return rendered;
  }

  /// Where a file of the container is on this machine.
  Path path(String absolute) {
    return Path.of(root + absolute);
  }

  /// Replaces a file, as kubelet does when its ConfigMap or Secret has changed.
  void write(String absolute, String content) throws IOException {
    dev.keybroker.security.TestAuthority.replace(
        path(absolute),
        absolute.endsWith(".properties") ? addresses.apply(mapped(content)) : content);
  }

  private String mapped(String text) {
    return text.replace("/etc/keybroker/", root + "/etc/keybroker/")
        .replace("/var/run/secrets/", root + "/var/run/secrets/");
  }

  /// The process, not yet started, on free ports of the loopback interface.
  PackagedBroker.Launch launch(Path folder, String name) throws IOException {
    int grpcPort = PackagedBroker.freePort();
    int managementPort = PackagedBroker.freePort();
    PackagedBroker.Launch launch =
        PackagedBroker.in(folder)
            .named(name)
            .with("quarkus.grpc.server.port", Integer.toString(grpcPort))
            .with("quarkus.management.port", Integer.toString(managementPort))
            .option("-Dquarkus.grpc.server.host=127.0.0.1")
            .option("-Dquarkus.grpc.server.port=" + grpcPort)
            .option("-Dquarkus.management.host=127.0.0.1")
            .option("-Dquarkus.management.port=" + managementPort);
    for (EnvVar variable : container.getEnv()) {
      if (variable.getName().equals("SMALLRYE_CONFIG_LOCATIONS")) {
        // Over the file that every broker of a test gets.
        launch.option("-Dsmallrye.config.locations=" + mapped(variable.getValue()));
      } else {
        launch.environment(variable.getName(), variable.getValue());
      }
    }
    for (String argument : container.getArgs()) {
      if (argument.startsWith("-X")) {
        launch.option(argument);
      } else {
        launch.arguments(argument);
      }
    }
    return launch;
  }
}
