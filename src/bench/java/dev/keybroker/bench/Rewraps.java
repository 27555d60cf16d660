package dev.keybroker.bench;

import dev.keybroker.bench.CheckedClient.Wrapped;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RewrapDekResult;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResponse;
import dev.keybroker.v1.RewrapDeksResult;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/// What a stream of rewraps achieves against the batch form: the same items, in messages of the
/// same size, against the same broker.
final class Rewraps implements AutoCloseable {
  private static final String KEYSTORE = "rewraps";
  private static final String KEYSTORE_NAME = Bench.keystore(KEYSTORE);
  private static final int ITEMS = 1_000;

  private final Side side;
  private final Broker broker;
  private final ManagedChannel channel;
  private final BatchRewrapDeksRequest batch;
  private final RewrapDeksRequest message;

  private Rewraps(Side side, Broker broker) {
    this.side = side;
    this.broker = broker;
    this.channel = broker.channel().build();
    BatchRewrapDeksRequest.Builder asBatch = BatchRewrapDeksRequest.newBuilder();
    RewrapDeksRequest.Builder asMessage = RewrapDeksRequest.newBuilder();
    try (CheckedClient client = new CheckedClient(broker)) {
      client.begin(KEYSTORE_NAME);
      for (Wrapped each : client.stock(KEYSTORE_NAME, ITEMS)) {
        RewrapDekRequest.Builder request =
            RewrapDekRequest.newBuilder()
                .setKeystore(KEYSTORE_NAME)
                .setWrappedDek(each.wrapped())
                .putAllEncryptionContext(CheckedClient.CONTEXT);
        asBatch.addRequests(request);
        asMessage.addItems(
            RewrapDeksItem.newBuilder()
                .setId("recording-" + asMessage.getItemsCount())
                .setRequest(request));
      }
    }
    this.batch = asBatch.build();
    this.message = asMessage.build();
  }

  private static Rewraps start(Side side) throws IOException, InterruptedException {
    Broker broker = side.broker("rewraps", Bench.settings());
    Bench.create(broker, KEYSTORE, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, side.key());
    return new Rewraps(side, broker);
  }

  static void measure(Options options, List<Side> sides, Report report)
      throws IOException, InterruptedException {
    System.err.println("rewraps");
    List<Rewraps> all = new ArrayList<>();
    try {
      for (Side side : sides) {
        all.add(start(side));
      }
      List<Rewraps> compared = all.stream().filter(Rewraps::hasStream).toList();
      WarmUp loads = new WarmUp();
      for (Rewraps each : compared) {
        String on = each.side.build() + ": ";
        loads
            .with(on + "batches", () -> each.batches(options.seconds()))
            .with(on + "stream", () -> each.stream(options.seconds()));
      }
      loads.run();
      Row row = report.row("RewrapDeks P256, a stream", "BatchRewrapDeks", 0.9);
      for (int round = 1; round <= options.rounds(); round++) {
        for (Rewraps each : compared) {
          double batches = each.batches(options.seconds());
          row.add(each.side.build(), each.stream(options.seconds()), batches);
        }
      }
    } finally {
      all.forEach(Rewraps::close);
    }
  }

  /// Calls the batch form for a time.
  ///
  /// @return items a second
  private double batches(double seconds) {
    KeyBrokerGrpc.KeyBrokerBlockingStub stub = KeyBrokerGrpc.newBlockingStub(channel);
    long begin = System.nanoTime();
    int items = 0;
    do {
      items +=
          checked(
              stub.batchRewrapDeks(batch).getResultsList().stream()
                  .map(RewrapDekResult::getResponse));
    } while (since(begin) < seconds);
    return items / since(begin);
  }

  /// Sends messages for a time, as fast as the broker reads, and awaits the last result.
  ///
  /// @return items a second
  private double stream(double seconds) {
    Load load = new Load(seconds);
    KeyBrokerGrpc.newStub(channel).rewrapDeks(load);
    load.end.join();
    return load.items / since(load.begin);
  }

  /// Whether the broker has the stream. The build of an earlier commit may not have it.
  private boolean hasStream() {
    try {
      stream(0);
      return true;
    } catch (CompletionException e) {
      if (Status.fromThrowable(e).getCode() == Status.Code.UNIMPLEMENTED) {
        return false;
      }
      throw e;
    }
  }

  private static double since(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }

  /// @return how many items these are
  private static int checked(Stream<RewrapDekResponse> responses) {
    List<RewrapDekResponse> all = responses.toList();
    if (all.stream().anyMatch(it -> it.getWrappedDek().isEmpty())) {
      throw new IllegalStateException("wrong answer: an item is not rewrapped");
    }
    return all.size();
  }

  private final class Load
      implements ClientResponseObserver<RewrapDeksRequest, RewrapDeksResponse> {
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final long begin = System.nanoTime();
    private final double seconds;
    private ClientCallStreamObserver<RewrapDeksRequest> call;
    private boolean isComplete;
    private int items;

    Load(double seconds) {
      this.seconds = seconds;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<RewrapDeksRequest> observer) {
      call = observer;
      call.setOnReadyHandler(this::send);
    }

    private void send() {
      while (call.isReady() && since(begin) < seconds) {
        call.onNext(message);
      }
      if (since(begin) >= seconds && !isComplete) {
        isComplete = true;
        call.onCompleted();
      }
    }

    @Override
    public void onNext(RewrapDeksResponse response) {
      items += checked(response.getResultsList().stream().map(RewrapDeksResult::getResponse));
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

  @Override
  public void close() {
    channel.shutdownNow();
    broker.close();
  }
}
