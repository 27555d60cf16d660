package dev.keybroker.bench;

import dev.keybroker.bench.CheckedClient.Wrapped;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The brokers of one side, by default settings, without sessions, and with audit, each with its
/// client.
final class Subject implements AutoCloseable {
  static final List<String> SPECS = List.of("p256", "rsa2048", "rsa3072");

  final Side side;
  final Broker broker;
  final Broker sessionOff;
  final Broker audited;
  final CheckedClient client;
  final CheckedClient sessionOffClient;
  final CheckedClient auditedClient;
  private final Map<String, Wire> wraps = new LinkedHashMap<>();
  private final Map<String, Wire> unwraps = new LinkedHashMap<>();
  private final Map<String, Wrapped> wrapped = new LinkedHashMap<>();

  private Subject(Side side, Broker broker, Broker sessionOff, Broker audited) {
    this.side = side;
    this.broker = broker;
    this.sessionOff = sessionOff;
    this.audited = audited;
    this.client = new CheckedClient(broker);
    this.sessionOffClient = new CheckedClient(sessionOff);
    this.auditedClient = new CheckedClient(audited);
    SPECS.forEach(this::prepare);
  }

  static Subject start(Side side) throws IOException, InterruptedException {
    Broker broker = side.broker("broker", Bench.settings());
    Bench.create(broker, "p256", KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, side.key());
    Bench.create(broker, "rsa2048", KeyPairSpec.KEY_PAIR_SPEC_RSA_2048, side.key());
    Bench.create(broker, "rsa3072", KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, side.key());
    return new Subject(
        side,
        broker,
        side.broker("session-off", Bench.sessionOffSettings()),
        side.broker("audited", Bench.auditedSettings()));
  }

  private void prepare(String spec) {
    String keystore = Bench.keystore(spec);
    WrapDekResponse answer = client.wrap(keystore);
    wraps.put(spec, Wire.wrap(keystore, answer));
    unwraps.put(spec, Wire.unwrap(keystore, answer));
    wrapped.put(spec, new Wrapped(answer.getWrappedDek(), answer.getDek()));
  }

  Wire wrap(String spec) {
    return wraps.get(spec);
  }

  Wire unwrap(String spec) {
    return unwraps.get(spec);
  }

  /// What [#unwrap] unwraps.
  Wrapped wrapped(String spec) {
    return wrapped.get(spec);
  }

  /// Brings the private KEKs into the memory of each broker.
  void begin() {
    for (CheckedClient each : List.of(client, sessionOffClient, auditedClient)) {
      SPECS.forEach(spec -> each.begin(Bench.keystore(spec)));
    }
  }

  /// So many wrapped DEKs that each have their own encapsulated secret.
  List<Wrapped> newSecrets(String spec, int size) {
    return sessionOffClient.stock(Bench.keystore(spec), size);
  }

  @Override
  public void close() {
    client.close();
    sessionOffClient.close();
    auditedClient.close();
    broker.close();
    sessionOff.close();
    audited.close();
  }
}
