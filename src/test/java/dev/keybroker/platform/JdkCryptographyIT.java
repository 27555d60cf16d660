package dev.keybroker.platform;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The packaged broker on a platform for which the crypto provider has no library.
class JdkCryptographyIT {
  @Test
  void broker_withoutTheProvidersLibrary_usesTheJdksCryptography() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "jdk-");
    try (EmbeddedServices services = EmbeddedServices.start(folder);
        PackagedBroker broker =
            PackagedBroker.in(folder)
                .with(services.configuration())
                // The library is looked for in a folder that has none.
                .option("-Dcom.amazon.corretto.crypto.provider.useExternalLib=true")
                .option("-Djava.library.path=" + Files.createDirectory(folder.resolve("lib")))
                .startAndAwaitReady();
        TenantAccount account = new TenantAccount(services, "555566667777")) {
      String keyArn = account.newKey(BROKER_STATEMENT);
      for (KeyPairSpec spec :
          List.of(KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)) {
        String keystore = create(broker.client(), keyArn, spec);
        WrapDekResponse wrapped =
            broker
                .client()
                .broker()
                .wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore).build());

        assertEquals(wrapped.getDek(), unwrap(broker.client(), keystore, wrapped), spec::name);
      }
      assertTrue(
          broker.log().contains("Cryptography by JDK 25: it does not load on this platform"),
          broker::log);
    }
  }

  private static String create(BrokerClient client, String keyArn, KeyPairSpec spec) {
    return client
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/jdk")
                .setKeystoreId("calls-" + spec.getNumber())
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                        .setKeyPairSpec(spec)
                        .setPrivateKekLifetime(Durations.ZERO))
                .build())
        .getName();
  }

  private static com.google.protobuf.ByteString unwrap(
      BrokerClient client, String keystore, WrapDekResponse wrapped) {
    return client
        .broker()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(keystore)
                .setWrappedDek(wrapped.getWrappedDek())
                .build())
        .getDek();
  }
}
