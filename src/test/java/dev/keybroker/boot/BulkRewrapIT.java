package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.BulkRewrap;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResult;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Everything that is wrapped under an old KEK moves to the new one by one stream, and by a second
/// one after the packaged broker was killed in the middle. `-Dkeybroker.it.rewraps` sets how many
/// wrapped DEKs.
@Tag("deployment")
class BulkRewrapIT {
  private static final int COUNT = Integer.getInteger("keybroker.it.rewraps", 30_000);
  private static final int MESSAGE = 500;
  private static final int MOST_CALLS = 50;
  private static final String TENANT = "tenants/bulk";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final long LONGEST_MINUTES = 20;

  private final List<ByteString> wrapped = new ArrayList<>();
  private final List<ByteString> deks = new ArrayList<>();

  @Test
  void wrappedDeks_areAllMoved_thoughTheBrokerIsKilledInTheMiddle() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "bulk-");
    try (EmbeddedServices services = EmbeddedServices.start(folder);
        TenantAccount account = new TenantAccount(services, "555566667777")) {
      Map<String, RewrapDeksResult> moved = new HashMap<>();
      String active;
      try (PackagedBroker broker = PackagedBroker.start(folder, services.configuration())) {
        BrokerClient client = broker.client();
        client.create(TENANT, "calls", account.newKey(BROKER_STATEMENT));
        wrapAll(client);
        active = rotate(client);
        BulkRewrap killed = new BulkRewrap(messages(moved.keySet(), () -> kill(broker)));
        assertThrows(ExecutionException.class, () -> end(killed, client));
        moved.putAll(answered(killed));
        assertTrue(moved.size() < COUNT);
      }
      int before = moved.size();
      try (PackagedBroker broker = PackagedBroker.start(folder, services.configuration())) {
        long begin = System.nanoTime();
        int calls = 0;
        while (moved.size() < COUNT && calls < MOST_CALLS) {
          BulkRewrap rest = new BulkRewrap(messages(Set.copyOf(moved.keySet()), () -> {}));
          end(rest, broker.client());
          moved.putAll(answered(rest));
          calls++;
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf(
            "bulk rewrap: %,d moved before the kill, %,d after it by %d calls in %.1f s%n",
            before, moved.size() - before, calls, seconds);
        assertEquals(COUNT, moved.size());
        assertUnwrap(broker.client(), active, moved);
      }
    }
  }

  private void wrapAll(BrokerClient client) {
    WrapDekRequest one = WrapDekRequest.newBuilder().setKeystore(NAME).build();
    while (wrapped.size() < COUNT) {
      client
          .broker()
          .batchWrapDeks(
              BatchWrapDeksRequest.newBuilder()
                  .addAllRequests(Collections.nCopies(MESSAGE, one))
                  .build())
          .getResultsList()
          .forEach(
              it -> {
                wrapped.add(it.getResponse().getWrappedDek());
                deks.add(it.getResponse().getDek());
              });
    }
  }

  private static String rotate(BrokerClient client) {
    RotateKekRequest request = RotateKekRequest.newBuilder().setName(NAME).build();
    return client.keystores().rotateKek(request).getName();
  }

  /// The messages with all items without a result, made when they are sent.
  ///
  /// @param inTheMiddle runs before the message in the middle is sent
  private Iterator<RewrapDeksRequest> messages(Set<String> done, Runnable inTheMiddle) {
    return IntStream.range(0, COUNT / MESSAGE)
        .mapToObj(
            message -> {
              if (message == COUNT / MESSAGE / 2) {
                inTheMiddle.run();
              }
              return message(message * MESSAGE, done);
            })
        .iterator();
  }

  private RewrapDeksRequest message(int begin, Set<String> done) {
    RewrapDeksRequest.Builder message = RewrapDeksRequest.newBuilder();
    for (int i = begin; i < begin + MESSAGE; i++) {
      if (!done.contains(id(i))) {
        message.addItems(BulkRewrap.item(id(i), NAME, wrapped.get(i)));
      }
    }
    return message.build();
  }

  private static String id(int i) {
    return "recording-" + i;
  }

  private static void kill(PackagedBroker broker) {
    try {
      broker.signal("KILL");
      broker.awaitEnd(Duration.ofSeconds(10));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void end(BulkRewrap bulk, BrokerClient client) throws Exception {
    bulk.start(client.channel()).get(LONGEST_MINUTES, TimeUnit.MINUTES);
  }

  /// The items that were rewrapped. A loaded broker refuses some, which the next call has again.
  private static Map<String, RewrapDeksResult> answered(BulkRewrap bulk) {
    Map<String, RewrapDeksResult> answered = new HashMap<>(bulk.results());
    answered.values().removeIf(result -> !result.hasResponse());
    return answered;
  }

  private void assertUnwrap(
      BrokerClient client, String active, Map<String, RewrapDeksResult> moved) {
    for (int begin = 0; begin < COUNT; begin += MESSAGE) {
      Set<Integer> left =
          IntStream.range(begin, begin + MESSAGE).boxed().collect(Collectors.toSet());
      for (int calls = 0; !left.isEmpty(); calls++) {
        assertTrue(calls < MOST_CALLS, "refused too often");
        left.removeAll(unwrapped(client, active, moved, List.copyOf(left)));
      }
    }
  }

  /// The items that were unwrapped, each to its own DEK. A loaded broker refuses some.
  private Set<Integer> unwrapped(
      BrokerClient client,
      String active,
      Map<String, RewrapDeksResult> moved,
      List<Integer> items) {
    BatchUnwrapDeksRequest.Builder batch = BatchUnwrapDeksRequest.newBuilder();
    for (int item : items) {
      RewrapDekResponse response = moved.get(id(item)).getResponse();
      assertEquals(active, response.getKek(), id(item));
      batch.addRequests(
          UnwrapDekRequest.newBuilder().setKeystore(NAME).setWrappedDek(response.getWrappedDek()));
    }
    List<UnwrapDekResult> results = client.broker().batchUnwrapDeks(batch.build()).getResultsList();
    Set<Integer> unwrapped = new HashSet<>();
    for (int i = 0; i < items.size(); i++) {
      int item = items.get(i);
      UnwrapDekResult result = results.get(i);
      if (result.hasResponse()) {
        assertEquals(deks.get(item), result.getResponse().getDek(), id(item));
        unwrapped.add(item);
      } else {
        assertEquals(Code.UNAVAILABLE_VALUE, result.getError().getCode(), id(item));
      }
    }
    return unwrapped;
  }
}
