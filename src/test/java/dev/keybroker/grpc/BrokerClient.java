package dev.keybroker.grpc;

import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.Status;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RootKey;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.concurrent.TimeUnit;

/// A gRPC client of a broker, with the errors read as the contract writes them.
public final class BrokerClient implements AutoCloseable {
  private static final int DEADLINE_SECONDS = 30;

  private final ManagedChannel channel;

  public BrokerClient(String host, int port) {
    this(ManagedChannelBuilder.forAddress(host, port).usePlaintext().build());
  }

  /// @param channel closed with this client
  public BrokerClient(ManagedChannel channel) {
    this.channel = channel;
  }

  /// What its stubs call through.
  public Channel channel() {
    return channel;
  }

  /// The control plane.
  public KeystoresGrpc.KeystoresBlockingStub keystores() {
    return KeystoresGrpc.newBlockingStub(channel)
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  /// The audit trail.
  public AuditLogGrpc.AuditLogBlockingStub audit() {
    return AuditLogGrpc.newBlockingStub(channel)
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  /// The data plane.
  public KeyBrokerGrpc.KeyBrokerBlockingStub broker() {
    return KeyBrokerGrpc.newBlockingStub(channel)
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  /// Creates a keystore of this id whose root key is used by its key policy.
  public void create(String tenant, String id, String keyArn) {
    keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(tenant)
                .setKeystoreId(id)
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn))))
                .build());
  }

  /// `CODE/REASON` of a refusal.
  public static String reason(StatusRuntimeException refused) {
    return refused.getStatus().getCode() + "/" + detail(refused, ErrorInfo.class).getReason();
  }

  /// `CODE/REASON` of a refusal, or `CODE` of what the client's own library says.
  public static String reasonOrCode(StatusRuntimeException refused) {
    boolean isOfTheBroker =
        StatusProto.fromThrowable(refused).getDetailsList().stream()
            .anyMatch(any -> any.is(ErrorInfo.class));
    return isOfTheBroker ? reason(refused) : refused.getStatus().getCode().toString();
  }

  /// `step: hint` of a failed test.
  public static String failedStep(StatusRuntimeException refused) {
    PreconditionFailure.Violation violation =
        detail(refused, PreconditionFailure.class).getViolations(0);
    return violation.getType() + ": " + violation.getDescription();
  }

  private static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException refused, Class<T> type) {
    Status status = StatusProto.fromThrowable(refused);
    for (com.google.protobuf.Any any : status.getDetailsList()) {
      if (any.is(type)) {
        try {
          return any.unpack(type);
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    throw new AssertionError("no " + type.getSimpleName() + " in " + status);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
