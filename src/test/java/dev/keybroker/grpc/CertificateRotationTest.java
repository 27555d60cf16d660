package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.MEDIA_SERVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.Test;

/// The broker's certificate changes again and again under calls: none fails, old connections live
/// on, new ones see the new certificate.
///
/// `-Dkeybroker.test.rotation-seconds=120` for the long form.
@QuarkusTest
@TestProfile(SecuredBroker.class)
class CertificateRotationTest extends BrokerTestCase {
  private static final int CALLS_PER_SECOND = 2_000;
  private static final int SECONDS = Integer.getInteger("keybroker.test.rotation-seconds", 8);
  private static final int MOST_IN_FLIGHT = 1_000;

  private final LongAdder answered = new LongAdder();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final Set<BigInteger> seen = ConcurrentHashMap.newKeySet();
  private final Semaphore room = new Semaphore(MOST_IN_FLIGHT);

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, MEDIA_SERVER);
  }

  private void call(ManagedChannel connection, WrapDekRequest request) {
    room.acquireUninterruptibly();
    Futures.addCallback(
        KeyBrokerGrpc.newFutureStub(connection)
            .withInterceptors(presented())
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .wrapDek(request),
        new FutureCallback<WrapDekResponse>() {
          @Override
          public void onSuccess(WrapDekResponse answer) {
            answered.increment();
            room.release();
          }

          @Override
          public void onFailure(Throwable failure) {
            failures.add(failure);
            room.release();
          }
        },
        MoreExecutors.directExecutor());
  }

  /// Notes the certificate of the connection that a call went over.
  private ClientInterceptor presented() {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            super.start(
                new SimpleForwardingClientCallListener<>(listener) {
                  @Override
                  public void onHeaders(Metadata answer) {
                    var session = getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
                    try {
                      seen.add(
                          ((X509Certificate) session.getPeerCertificates()[0]).getSerialNumber());
                    } catch (SSLPeerUnverifiedException e) {
                      throw new IllegalStateException(e);
                    }
                    super.onHeaders(answer);
                  }
                },
                headers);
          }
        };
      }
    };
  }

  @Test
  void rotation_underLoad_failsNoCall() {
    WrapDekRequest request =
        wrapRequest(keystores.shared(KeyPairSpec.ECC_NIST_P256).name(), Map.of());
    List<ManagedChannel> connections = new ArrayList<>();
    List<BigInteger> certificates = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      connections.add(SecuredBroker.channel(address.grpcPort(), MEDIA_SERVER));
    }
    ManagedChannel oldest = connections.getFirst();
    call(oldest, request);
    awaitAnswers();
    assertEquals(1, seen.size());
    long begin = System.nanoTime();
    long sent = 0;
    long rotations = 0;
    try {
      for (long due = 0; due < (long) SECONDS * CALLS_PER_SECOND; due++) {
        long wait = begin + due * 1_000_000_000L / CALLS_PER_SECOND - System.nanoTime();
        if (wait > 0) {
          LockSupport.parkNanos(wait);
        }
        if (due % CALLS_PER_SECOND == 0) {
          certificates.add(SecuredBroker.writeFiles().getSerialNumber());
          rotations++;
        }
        if (due % (CALLS_PER_SECOND / 4) == 0) {
          // Connections are made all the time; all but the oldest one go.
          connections.add(SecuredBroker.channel(address.grpcPort(), MEDIA_SERVER));
          if (connections.size() > 8) {
            connections.remove(1).shutdown();
          }
        }
        call(connections.get((int) (due % connections.size())), request);
        sent++;
      }
      awaitAnswers();
      // The last certificate gets there too.
      BigInteger last = certificates.getLast();
      await(
          () -> {
            ManagedChannel fresh = SecuredBroker.channel(address.grpcPort(), MEDIA_SERVER);
            connections.add(fresh);
            call(fresh, request);
            awaitAnswers();
            return seen.contains(last);
          });
    } finally {
      connections.forEach(ManagedChannel::shutdownNow);
    }
    double seconds = Duration.ofNanos(System.nanoTime() - begin).toMillis() / 1000.0;
    System.out.printf(
        "%d calls at %.0f/s, %d rotations, %d certificates seen, %d failures%n",
        sent, sent / seconds, rotations, seen.size(), failures.size());
    assertEquals(List.of(), List.copyOf(failures));
    assertTrue(answered.sum() > sent, "a call was not answered");
    assertTrue(seen.size() > 2, "new connections did not see new certificates");
  }

  private void awaitAnswers() {
    room.acquireUninterruptibly(MOST_IN_FLIGHT);
    room.release(MOST_IN_FLIGHT);
  }
}
