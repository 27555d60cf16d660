package dev.keybroker.faults;

import com.google.protobuf.FieldMask;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.UUID;

/// A call that changes something in several steps, and may be repeated.
enum Change {
  ROTATE("a change of key") {
    @Override
    Attempt attempt(FaultServices services) {
      RotateKekRequest request =
          RotateKekRequest.newBuilder()
              .setName(NAME)
              .setRequestId(UUID.randomUUID().toString())
              .build();
      return new Attempt(NAME, 1, it -> it.keystores().rotateKek(request), keystore -> true);
    }
  },

  CREATE("a first save") {
    @Override
    Attempt attempt(FaultServices services) {
      String id = "k" + UUID.randomUUID();
      CreateKeystoreRequest request =
          CreateKeystoreRequest.newBuilder()
              .setParent(PARENT)
              .setKeystoreId(id)
              .setKeystore(keystore(services.key()))
              .build();
      return new Attempt(
          PARENT + "/keystores/" + id,
          1,
          it -> it.keystores().createKeystore(request),
          keystore -> true);
    }
  },

  UPDATE("a save with another root key") {
    @Override
    Attempt attempt(FaultServices services) {
      String key = services.newKey();
      UpdateKeystoreRequest request =
          UpdateKeystoreRequest.newBuilder()
              .setKeystore(keystore(key).toBuilder().setName(NAME))
              .setUpdateMask(FieldMask.newBuilder().addPaths("root_key"))
              .build();
      return new Attempt(
          NAME,
          1,
          it -> it.keystores().updateKeystore(request),
          keystore -> keystore.getRootKey().getAwsKms().getKeyArn().equals(key));
    }
  };

  private static final String PARENT = "tenants/faults";

  /// The keystore that is changed and that is called meanwhile.
  static final String KEYSTORE = "killed";

  private static final String NAME = PARENT + "/keystores/" + KEYSTORE;

  private final String text;

  Change(String text) {
    this.text = text;
  }

  /// A request of its own, which can be made again and again.
  ///
  /// @param services where the tenant makes its keys
  abstract Attempt attempt(FaultServices services);

  private static Keystore keystore(String key) {
    return Keystore.newBuilder()
        .setRootKey(RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(key)))
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        .build();
  }

  /// @param more how many KEKs it makes
  record Attempt(String keystore, int more, Call call, Check check) {
    void make(BrokerClient client) {
      call.by(client);
    }

    /// Whether the keystore is as the request asks.
    boolean isMade(BrokerClient client) {
      return check.holds(
          client
              .keystores()
              .getKeystore(GetKeystoreRequest.newBuilder().setName(keystore).build()));
    }

    /// The keystore's KEKs; none where there is no keystore.
    List<Kek> keks(BrokerClient client) {
      try {
        return client
            .keystores()
            .listKeks(ListKeksRequest.newBuilder().setParent(keystore).setPageSize(1000).build())
            .getKeksList();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
          return List.of();
        }
        throw e;
      }
    }
  }

  interface Call {
    Object by(BrokerClient client);
  }

  interface Check {
    boolean holds(Keystore keystore);
  }

  @Override
  public String toString() {
    return text;
  }
}
