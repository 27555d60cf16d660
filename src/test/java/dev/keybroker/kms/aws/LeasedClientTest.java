package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

class LeasedClientTest {
  private final AtomicInteger closed = new AtomicInteger();
  private final LeasedClient client =
      new LeasedClient(
          new KmsAsyncClient() {
            @Override
            public String serviceName() {
              return SERVICE_NAME;
            }

            @Override
            public void close() {
              closed.incrementAndGet();
            }
          });

  @Test
  void evicted_withCallsUnderWay_isClosedAfterTheLast() {
    assertTrue(client.tryLease());
    assertTrue(client.tryLease());

    client.release(); // the cache's own
    client.release();
    assertEquals(0, closed.get());

    client.release();
    assertEquals(1, closed.get());
  }

  @Test
  void closed_isLeasedNoMore() {
    client.release();

    assertFalse(client.tryLease());
    assertEquals(1, closed.get());
  }
}
