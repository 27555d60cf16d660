package dev.keybroker.bench;

import com.google.protobuf.ByteString;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;

/// The no-op rpc, in the same server and behind the same interceptors as the broker's own.
@GrpcService
public class EchoService implements Echo {
  private static final ByteString LARGEST = ByteString.copyFrom(new byte[4096]);

  EchoService() {}

  @Override
  public Uni<EchoResponse> echo(EchoRequest request) {
    return Uni.createFrom().item(answer(request));
  }

  static EchoResponse answer(EchoRequest request) {
    return EchoResponse.newBuilder()
        .setPayload(LARGEST.substring(0, request.getAnswerSize()))
        .build();
  }
}
