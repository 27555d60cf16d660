package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The packaged broker's end on SIGTERM.
class DrainIT {
  private static final Duration END = Duration.ofSeconds(30);
  private static final String NAME = "tenants/drain/keystores/calls";

  @Test
  void callUnderWay_whenTheBrokerIsToldToEnd_isAnsweredAndTheExitCodeIsZero() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "drain-");
    try (EmbeddedServices services = EmbeddedServices.start(folder);
        PackagedBroker broker = PackagedBroker.start(folder, configuration(services));
        TenantAccount account = new TenantAccount(services, "555566667777")) {
      BrokerClient client = broker.client();
      create(client, account.newKey(BROKER_STATEMENT));
      WrapDekResponse wrapped =
          client.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
      services.kms().faults().add(Fault.latency(Duration.ofMillis(2500)).onOperation("Decrypt"));
      ListenableFuture<UnwrapDekResponse> slow =
          KeyBrokerGrpc.newFutureStub(client.broker().getChannel())
              .unwrapDek(
                  UnwrapDekRequest.newBuilder()
                      .setKeystore(NAME)
                      .setWrappedDek(wrapped.getWrappedDek())
                      .build());

      broker.signal("TERM");

      assertEquals(wrapped.getDek(), slow.get(20, TimeUnit.SECONDS).getDek());
      assertEquals(0, broker.awaitEnd(END), broker::log);
    }
  }

  private static Map<String, String> configuration(EmbeddedServices services) {
    Map<String, String> configuration = new HashMap<>(services.configuration());
    configuration.put("keybroker.shutdown.delay", "1s");
    // KMS is made slower than it is given by default.
    configuration.put("keybroker.aws.api-call-attempt-timeout", "8S");
    configuration.put("keybroker.aws.api-call-timeout", "8S");
    return configuration;
  }

  private static void create(BrokerClient client, String keyArn) {
    client
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/drain")
                .setKeystoreId("calls")
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
                        .setPrivateKekLifetime(Durations.ZERO))
                .build());
  }
}
