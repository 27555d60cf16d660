package dev.keybroker.bench;

import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What TLS 1.3 costs: the same calls to a broker that speaks it and to one that does not.
///
/// Both are started for this and warmed in turn, so that neither is further with its JIT. The
/// connections of a load are opened before it is measured.
final class Tls {
  private static final String KEYSTORE = "tls";
  private static final int CONNECTIONS = 8;
  private static final int STREAMS = 8;
  private static final int CHECKED_CALLS = 500;

  private final Path folder;
  private final Broker plaintext;
  private final Broker secured;

  private Tls(Path folder, Broker plaintext, Broker secured) {
    this.folder = folder;
    this.plaintext = plaintext;
    this.secured = secured;
  }

  static void measure(Options options, Path folder, Services services, String key, Report report)
      throws IOException, InterruptedException {
    System.err.println("TLS");
    try (Broker plaintext =
            Broker.start(
                folder.resolve("plaintext"),
                services.configuration(),
                Bench.settings(),
                List.of());
        Broker secured =
            Broker.start(
                folder.resolve("tls"),
                services.configuration(),
                Bench.settings(certificate(folder)),
                List.of())) {
      Bench.create(plaintext, KEYSTORE, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, key);
      new Tls(folder, plaintext, secured).rounds(options, report);
    }
  }

  /// Makes a certificate for the broker, P-256 and signed by itself, and says where it is.
  private static Map<String, String> certificate(Path folder)
      throws IOException, InterruptedException {
    Path certificate = folder.resolve("tls.crt").toAbsolutePath();
    Path key = folder.resolve("tls.key").toAbsolutePath();
    Cores.output(
        new ProcessBuilder(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=broker",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-out",
            certificate.toString(),
            "-keyout",
            key.toString()));
    return Map.of(
        Broker.CERTIFICATE,
        certificate.toString(),
        "quarkus.tls.keybroker.key-store.pem.0.key",
        key.toString());
  }

  private void rounds(Options options, Report report) throws IOException, InterruptedException {
    String keystore = Bench.keystore(KEYSTORE);
    try (CheckedClient client = new CheckedClient(secured);
        CheckedClient inPlaintext = new CheckedClient(plaintext)) {
      client.begin(keystore);
      inPlaintext.begin(keystore);
      WrapDekResponse answer = client.wrap(keystore);
      Wire wrap = Wire.wrap(keystore, answer);
      Wire unwrap = Wire.unwrap(keystore, answer);
      new WarmUp()
          .with("wrap", () -> load(plaintext, wrap, options.seconds()))
          .with("wrap by TLS", () -> load(secured, wrap, options.seconds()))
          .with("unwrap", () -> load(plaintext, unwrap, options.seconds()))
          .with("unwrap by TLS", () -> load(secured, unwrap, options.seconds()))
          .run();
      for (int round = 1; round <= options.rounds(); round++) {
        compare(report.row("WrapDek P256, session, TLS 1.3", "plaintext", 0), wrap, options);
        compare(report.row("UnwrapDek P256, z repeated, TLS 1.3", "plaintext", 0), unwrap, options);
        client.unwraps(keystore, client.stock(keystore, CHECKED_CALLS), CONNECTIONS * STREAMS);
      }
    }
  }

  private void compare(Row row, Wire wire, Options options)
      throws IOException, InterruptedException {
    double without = load(plaintext, wire, options.seconds());
    row.add(load(secured, wire, options.seconds()), without);
  }

  private double load(Broker on, Wire wire, double seconds)
      throws IOException, InterruptedException {
    return wire.load(on, CONNECTIONS, STREAMS, seconds, folder).perSecond();
  }
}
