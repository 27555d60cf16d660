package dev.keybroker.cli;

import dev.keybroker.client.KeyBrokerClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How the brokers are reached. */
final class BrokerOptions {
  @Option(
      names = "--broker",
      paramLabel = "TARGET",
      defaultValue = "${env:KEYBROKER_BROKER:-127.0.0.1:9000}",
      description =
          "gRPC target of the brokers, e.g. dns:///keybroker.example:9000. By default the variable"
              + " KEYBROKER_BROKER, or 127.0.0.1:9000.")
  String broker;

  @Option(names = "--plaintext", description = "Without TLS, for a broker on this machine.")
  boolean plaintext;

  @Option(
      names = "--authorities",
      paramLabel = "FILE",
      description = "PEM file of the authorities of the brokers' certificates. By default Java's.")
  Path authorities;

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description = "PEM file of the client's certificate; needs --key.")
  Path certificate;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "PEM file of the private key (PKCS#8) of --certificate.")
  Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with a bearer token (JWT), read at each call.")
  Path tokenFile;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      defaultValue = "5",
      description = "How long a call may take, its retries included. By default ${DEFAULT-VALUE}.")
  int deadline;

  KeyBrokerClient.Builder builder() {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException("--certificate and --key need each other");
    }
    if (plaintext && (certificate != null || tokenFile != null || authorities != null)) {
      throw new IllegalArgumentException(
          "--plaintext excludes --authorities, --certificate and --token-file");
    }
    if (deadline < 1) {
      throw new IllegalArgumentException("--deadline is at least 1");
    }
    KeyBrokerClient.Builder client =
        KeyBrokerClient.to(broker).deadline(Duration.ofSeconds(deadline));
    if (plaintext) {
      client.plaintext();
    }
    if (authorities != null) {
      client.authorities(authorities);
    }
    if (certificate != null) {
      client.certificate(certificate, key);
    }
    if (tokenFile != null) {
      client.token(this::token);
    }
    return client;
  }

  private String token() {
    try {
      return Files.readString(tokenFile).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
