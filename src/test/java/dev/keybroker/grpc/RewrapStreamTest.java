package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResult;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Bulk rewraps by a stream over the network.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // set before each test
class RewrapStreamTest extends BrokerTestCase {
  private static final int MESSAGE = 100;
  private static final int LONGEST_SECONDS = 120;

  private BulkRewrap run(List<RewrapDeksRequest> messages) throws Exception {
    return run(channel, messages, Integer.MAX_VALUE);
  }

  private static BulkRewrap run(Channel through, List<RewrapDeksRequest> messages, int cancelAfter)
      throws Exception {
    BulkRewrap bulk = new BulkRewrap(messages.iterator(), cancelAfter);
    bulk.start(through).handle((done, failure) -> done).get(LONGEST_SECONDS, TimeUnit.SECONDS);
    return bulk;
  }

  /// A client that is gone after so many results, which is no status of the broker's.
  private BulkRewrap runUntilGone(List<RewrapDeksRequest> messages, int results) throws Exception {
    ManagedChannel own = channelTo(address.grpcPort()).build();
    try {
      return run(own, messages, results);
    } finally {
      own.shutdownNow();
    }
  }

  /// Wrapped DEKs by their ids.
  private Map<String, WrapDekResponse> wrapped(TestKeystore keystore, int count) {
    Map<String, WrapDekResponse> wrapped = new LinkedHashMap<>();
    WrapDekRequest one = WrapDekRequest.newBuilder().setKeystore(keystore.name()).build();
    while (wrapped.size() < count) {
      BatchWrapDeksRequest.Builder batch = BatchWrapDeksRequest.newBuilder();
      for (int i = 0; i < Math.min(1_000, count - wrapped.size()); i++) {
        batch.addRequests(one);
      }
      broker
          .batchWrapDeks(batch.build())
          .getResultsList()
          .forEach(it -> wrapped.put("r" + wrapped.size(), it.getResponse()));
    }
    return wrapped;
  }

  private static List<RewrapDeksRequest> messages(
      TestKeystore keystore, Map<String, WrapDekResponse> wrapped, Map<String, ?> without) {
    List<RewrapDeksRequest> messages = new ArrayList<>();
    RewrapDeksRequest.Builder message = RewrapDeksRequest.newBuilder();
    for (Map.Entry<String, WrapDekResponse> entry : wrapped.entrySet()) {
      if (!without.containsKey(entry.getKey())) {
        message.addItems(
            BulkRewrap.item(entry.getKey(), keystore.name(), entry.getValue().getWrappedDek()));
        if (message.getItemsCount() == MESSAGE) {
          messages.add(message.build());
          message.clear();
        }
      }
    }
    messages.add(message.build());
    return messages;
  }

  private String rotate(TestKeystore keystore) {
    return KeystoresGrpc.newBlockingStub(channel)
        .rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build())
        .getName();
  }

  @Test
  void stream_rewrapsEachItem_andGivesItsIdAndStatusBack() throws Exception {
    TestKeystore keystore = keystores.fresh();
    WrapDekResponse wrapped = wrap(keystore);
    String active = rotate(keystore);
    await(() -> wrap(keystore).getKek().equals(active));
    RewrapDeksRequest message =
        RewrapDeksRequest.newBuilder()
            .addItems(BulkRewrap.item("good", keystore.name(), wrapped.getWrappedDek()))
            .addItems(
                BulkRewrap.item("garbage", keystore.name(), ByteString.copyFrom(new byte[200])))
            .addItems(
                RewrapDeksItem.newBuilder()
                    .setId("invalid")
                    .setRequest(RewrapDekRequest.newBuilder().setKeystore("x")))
            .build();

    Map<String, RewrapDeksResult> results =
        run(List.of(message, RewrapDeksRequest.getDefaultInstance())).results();

    assertEquals(3, results.size());
    assertEquals(active, results.get("good").getResponse().getKek());
    assertEquals(
        wrapped.getDek(), unwrap(keystore, results.get("good").getResponse().getWrappedDek()));
    assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", reasonOf(results.get("garbage").getError()));
    assertEquals("REQUEST_INVALID", reasonOf(results.get("invalid").getError()));
  }

  @Test
  void stream_thatWasCutOff_isResumedWithTheItemsThatGotNoResponse() throws Exception {
    TestKeystore keystore = keystores.fresh();
    Map<String, WrapDekResponse> wrapped = wrapped(keystore, 20_000);
    String active = rotate(keystore);
    await(() -> wrap(keystore).getKek().equals(active));

    BulkRewrap first = runUntilGone(messages(keystore, wrapped, Map.of()), 5_000);
    assertTrue(first.end().isCompletedExceptionally());
    assertTrue(first.results().size() < wrapped.size());
    BulkRewrap second = run(messages(keystore, wrapped, first.results()));

    Map<String, RewrapDeksResult> all = new LinkedHashMap<>(first.results());
    all.putAll(second.results());
    assertEquals(wrapped.keySet(), new HashSet<>(all.keySet()));
    all.values().forEach(it -> assertEquals(active, it.getResponse().getKek()));
    for (String id : List.of("r0", "r9999", "r19999")) {
      assertEquals(
          wrapped.get(id).getDek(), unwrap(keystore, all.get(id).getResponse().getWrappedDek()));
    }
  }

  @Test
  void message_withTooLongAnId_endsTheCall() throws Exception {
    TestKeystore keystore = keystores.fresh();
    BulkRewrap bulk =
        run(
            List.of(
                RewrapDeksRequest.newBuilder()
                    .addItems(BulkRewrap.item("i".repeat(257), keystore.name(), ByteString.EMPTY))
                    .build()));

    assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> join(bulk.end()));
  }

  private static void join(CompletableFuture<Void> end) throws Throwable {
    try {
      end.join();
    } catch (CompletionException e) {
      throw e.getCause();
    }
  }
}
