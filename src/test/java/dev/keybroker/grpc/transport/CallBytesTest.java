package dev.keybroker.grpc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.keybroker.access.InFlightConfig;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CallBytesTest {
  private static final long KIB = 1024;

  private final BytesInFlight all = bytes(100 * KIB, 400 * KIB);
  private final AtomicLong connection = new AtomicLong();
  private final List<String> refused = new ArrayList<>();

  private static BytesInFlight bytes(long connectionBytes, long brokerBytes) {
    return new BytesInFlight(
        new InFlightConfig() {
          @Override
          public int callerCalls() {
            return 0;
          }

          @Override
          public long connectionBytes() {
            return connectionBytes;
          }

          @Override
          public long brokerBytes() {
            return brokerBytes;
          }
        },
        new SimpleMeterRegistry());
  }

  private CallBytes call(AtomicLong of) {
    CallBytes call = new CallBytes(all);
    call.begin(of, Long.MAX_VALUE, refused::add);
    return call;
  }

  @Test
  void messagesThatNeverEnd_areRefusedAtTheLimitOfTheirConnection_whileTheyAreRead() {
    List<CallBytes> calls = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      calls.add(call(connection));
    }
    int pieces = 0;
    while (refused.isEmpty()) {
      calls.get(pieces++ % calls.size()).inboundWireSize(KIB);
    }

    assertEquals(101, pieces);
    assertEquals(List.of("connection"), refused);
    calls.forEach(call -> call.streamClosed(Status.CANCELLED));
    assertEquals(0, connection.get());
    assertEquals(0, all.total());
  }

  @Test
  void refusal_isToldOnce_andTheCallCountsUntilItsEnd() {
    CallBytes call = call(connection);
    call.inboundWireSize(101 * KIB);
    call.inboundWireSize(KIB);

    assertEquals(List.of("connection"), refused);
    assertEquals("connection", call.exceeded());
    assertEquals(102 * KIB, all.total());
    call.streamClosed(Status.OK);
    call.inboundWireSize(KIB);
    assertEquals(0, all.total());
  }

  @Test
  void compressedMessage_countsByWhatItBecomes() {
    CallBytes call = call(connection);
    call.inboundWireSize(KIB);
    call.inboundUncompressedSize(50 * KIB);
    assertEquals(50 * KIB, all.total());

    call.inboundUncompressedSize(51 * KIB);

    assertEquals(List.of("connection"), refused);
  }

  @Test
  void stream_countsOnlyWhatIsNotAnsweredYet() {
    CallBytes stream = call(connection);
    for (int i = 0; i < 50; i++) {
      stream.inboundWireSize(20 * KIB);
      stream.inboundUncompressedSize(40 * KIB);
      stream.outboundWireSize(10 * KIB);
      stream.answered(50 * KIB);
    }
    assertEquals(List.of(), refused);
    assertEquals(0, all.total());

    stream.inboundUncompressedSize(101 * KIB);

    assertEquals(List.of("connection"), refused);
    stream.streamClosed(Status.CANCELLED);
    stream.answered(KIB);
    assertEquals(0, connection.get());
    assertEquals(0, all.total());
  }

  @Test
  void answersThatAreNotSent_countAndRefuseLaterCallsOnly() {
    CallBytes deaf = call(connection);
    deaf.inboundWireSize(KIB);
    deaf.outboundWireSize(200 * KIB);
    assertNull(deaf.exceeded());

    call(connection).inboundWireSize(1);

    assertEquals(List.of("connection"), refused);
  }

  @Test
  void brokerNearItsLimit_refusesThoseWhoHoldMuch_andServesThoseWhoHoldLittle() {
    for (int i = 0; i < 3; i++) {
      call(new AtomicLong()).inboundWireSize(100 * KIB);
    }
    assertEquals(List.of(), refused);
    call(new AtomicLong()).inboundWireSize(64 * KIB);
    assertEquals(List.of(), refused);

    call(new AtomicLong()).inboundWireSize(65 * KIB);

    assertEquals(List.of("broker"), refused);
  }

  @Test
  void requestThatMayHaveLittle_isRefusedAboveIt() {
    CallBytes call = new CallBytes(all);
    call.begin(connection, 4 * KIB, refused::add);
    call.inboundWireSize(4 * KIB);
    call.outboundWireSize(KIB);
    assertEquals(List.of(), refused);

    call.inboundWireSize(1);

    assertEquals(List.of("connection"), refused);
  }

  @Test
  void brokerAtItsLimit_refusesEverybody() {
    for (int i = 0; i < 7; i++) {
      call(new AtomicLong()).inboundWireSize(64 * KIB);
    }
    assertEquals(List.of("broker"), refused);
  }
}
