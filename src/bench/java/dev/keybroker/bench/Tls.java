package dev.keybroker.bench;

import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What TLS 1.3 costs: the same calls to a broker with TLS and to one without.
///
/// Both are started for this and warmed in turn, so that neither is further with its JIT. The
/// connections of a load are opened before it is measured.
final class Tls implements AutoCloseable {
  private static final String KEYSTORE = "tls";
  private static final String KEYSTORE_NAME = Bench.keystore(KEYSTORE);
  private static final int CONNECTIONS = 8;
  private static final int STREAMS = 8;
  private static final int CHECKED_CALLS = 500;

  private final Side side;
  private final Broker plaintext;
  private final Broker secured;
  private final CheckedClient client;
  private final Wire wrap;
  private final Wire unwrap;

  private Tls(Side side, Broker plaintext, Broker secured) {
    this.side = side;
    this.plaintext = plaintext;
    this.secured = secured;
    this.client = new CheckedClient(secured);
    client.begin(KEYSTORE_NAME);
    try (CheckedClient inPlaintext = new CheckedClient(plaintext)) {
      inPlaintext.begin(KEYSTORE_NAME);
    }
    WrapDekResponse answer = client.wrap(KEYSTORE_NAME);
    this.wrap = Wire.wrap(KEYSTORE_NAME, answer);
    this.unwrap = Wire.unwrap(KEYSTORE_NAME, answer);
  }

  private static Tls start(Side side) throws IOException, InterruptedException {
    Broker plaintext = side.broker("plaintext", Bench.settings());
    Bench.create(plaintext, KEYSTORE, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, side.key());
    return new Tls(side, plaintext, side.broker("tls", Bench.settings(certificate(side.folder()))));
  }

  static void measure(Options options, List<Side> sides, Report report)
      throws IOException, InterruptedException {
    System.err.println("TLS");
    List<Tls> all = new ArrayList<>();
    try {
      for (Side side : sides) {
        all.add(start(side));
      }
      WarmUp loads = new WarmUp();
      for (Tls each : all) {
        each.warmUp(loads, options.seconds());
      }
      loads.run();
      for (int round = 1; round <= options.rounds(); round++) {
        for (Tls each : all) {
          each.round(options.seconds(), report);
        }
      }
    } finally {
      all.forEach(Tls::close);
    }
  }

  /// Makes a certificate for the broker, P-256 and signed by itself, and says where it is.
  static Map<String, String> certificate(Path folder) throws IOException, InterruptedException {
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

  private void warmUp(WarmUp loads, double seconds) {
    String on = side.build() + ": ";
    loads
        .with(on + "wrap", () -> load(plaintext, wrap, seconds))
        .with(on + "wrap by TLS", () -> load(secured, wrap, seconds))
        .with(on + "unwrap", () -> load(plaintext, unwrap, seconds))
        .with(on + "unwrap by TLS", () -> load(secured, unwrap, seconds));
  }

  private void round(double seconds, Report report) throws IOException, InterruptedException {
    compare(report.row("WrapDek P256, session, TLS 1.3", "plaintext", 0), wrap, seconds);
    compare(report.row("UnwrapDek P256, z repeated, TLS 1.3", "plaintext", 0), unwrap, seconds);
    client.unwraps(
        KEYSTORE_NAME, client.stock(KEYSTORE_NAME, CHECKED_CALLS), CONNECTIONS * STREAMS);
  }

  private void compare(Row row, Wire wire, double seconds)
      throws IOException, InterruptedException {
    double without = load(plaintext, wire, seconds);
    row.add(side.build(), load(secured, wire, seconds), without);
  }

  private double load(Broker on, Wire wire, double seconds)
      throws IOException, InterruptedException {
    return wire.load(on, CONNECTIONS, STREAMS, seconds, side.folder()).perSecond();
  }

  @Override
  public void close() {
    client.close();
    plaintext.close();
    secured.close();
  }
}
