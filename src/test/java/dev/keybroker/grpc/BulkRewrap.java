package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResponse;
import dev.keybroker.v1.RewrapDeksResult;
import io.grpc.Channel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// A client of `RewrapDeks` that sends while the broker reads, and keeps what it got.
public final class BulkRewrap
    implements ClientResponseObserver<RewrapDeksRequest, RewrapDeksResponse> {
  private final Map<String, RewrapDeksResult> results = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private final Iterator<RewrapDeksRequest> messages;
  private final int leaveAfter;
  private ClientCallStreamObserver<RewrapDeksRequest> call;
  private boolean completed;

  public BulkRewrap(Iterator<RewrapDeksRequest> messages) {
    this(messages, Integer.MAX_VALUE);
  }

  /// @param leaveAfter how many results the client takes before it is gone
  BulkRewrap(Iterator<RewrapDeksRequest> messages, int leaveAfter) {
    this.messages = messages;
    this.leaveAfter = leaveAfter;
  }

  /// Returns an item of a message.
  public static RewrapDeksItem item(String id, String keystore, ByteString wrapped) {
    return RewrapDeksItem.newBuilder()
        .setId(id)
        .setRequest(RewrapDekRequest.newBuilder().setKeystore(keystore).setWrappedDek(wrapped))
        .build();
  }

  /// Starts the call, and returns its end.
  public CompletableFuture<Void> start(Channel channel) {
    KeyBrokerGrpc.newStub(channel).rewrapDeks(this);
    return end;
  }

  /// The results so far by their ids.
  public Map<String, RewrapDeksResult> results() {
    return results;
  }

  CompletableFuture<Void> end() {
    return end;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<RewrapDeksRequest> observer) {
    call = observer;
    call.setOnReadyHandler(this::send);
  }

  private void send() {
    while (call.isReady() && messages.hasNext()) {
      call.onNext(messages.next());
    }
    if (!messages.hasNext() && !completed) {
      completed = true;
      call.onCompleted();
    }
  }

  @Override
  public void onNext(RewrapDeksResponse response) {
    response.getResultsList().forEach(result -> results.put(result.getId(), result));
    if (results.size() >= leaveAfter) {
      call.cancel("gone", null);
    }
  }

  @Override
  public void onError(Throwable failure) {
    end.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    end.complete(null);
  }
}
