package dev.keybroker.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a public KEK is read again, and how long the last known one is used. */
class PublicKeksTest {
  private static final String KEYSTORE = "tenants/acme/keystores/calls";
  private static final Duration BOUND = Duration.ofHours(1);

  private Instant now = Instant.parse("2026-11-27T12:00:00Z");
  private final Queue<Runnable> later = new ArrayDeque<>();
  private boolean inBackground;
  private int reads;
  private KeyBrokerException failure;

  private final Clock clock =
      new Clock() {
        @Override
        public Instant instant() {
          return now;
        }

        @Override
        public ZoneId getZone() {
          return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }
      };

  private final PublicKeks keks = new PublicKeks(this::read, this::execute, clock, BOUND, null);

  private PublicKek read(String keystore) throws KeyBrokerException {
    reads++;
    if (failure != null) {
      throw failure;
    }
    return new PublicKek(
        keystore + "/keks/" + reads,
        KeyPairSpec.RSA_3072,
        new byte[] {1},
        now,
        now.plusSeconds(30));
  }

  private void execute(Runnable work) {
    if (inBackground) {
      later.add(work);
    } else {
      work.run();
    }
  }

  private static KeyBrokerException failure(Status.Code code, String reason) {
    com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder().setCode(code.value());
    if (!reason.isEmpty()) {
      status.addDetails(
          Any.pack(ErrorInfo.newBuilder().setDomain("keybroker.dev").setReason(reason).build()));
    }
    return KeyBrokerException.of(status.build());
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  @Test
  void freshKek_isReadOnce() throws Exception {
    PublicKek first = keks.get(KEYSTORE);
    pass(Duration.ofSeconds(19));
    assertSame(first, keks.get(KEYSTORE));
    assertEquals(1, reads);
  }

  @Test
  void kekInUse_isReadAheadInTheBackground_once() throws Exception {
    PublicKek first = keks.get(KEYSTORE);
    inBackground = true;
    pass(Duration.ofSeconds(20));
    assertSame(first, keks.get(KEYSTORE));
    assertSame(first, keks.get(KEYSTORE));
    assertEquals(1, later.size());
    later.remove().run();
    assertEquals(KEYSTORE + "/keks/2", keks.get(KEYSTORE).name());
  }

  @Test
  void kekPastItsRefreshTime_isReadBeforeItIsUsed() throws Exception {
    keks.get(KEYSTORE);
    pass(Duration.ofSeconds(30));
    assertEquals(KEYSTORE + "/keks/2", keks.get(KEYSTORE).name());
  }

  @Test
  void brokerAway_lastKnownKekServesUpToTheBound() throws Exception {
    PublicKek first = keks.get(KEYSTORE);
    failure = failure(Status.Code.UNAVAILABLE, "");
    pass(Duration.ofSeconds(31));
    assertSame(first, keks.get(KEYSTORE));
    pass(BOUND.minusSeconds(32));
    assertSame(first, keks.get(KEYSTORE));
    pass(Duration.ofSeconds(2));
    assertSame(failure, assertThrows(KeyBrokerException.class, () -> keks.get(KEYSTORE)));

    failure = null;
    pass(Duration.ofSeconds(2));
    PublicKek again = keks.get(KEYSTORE);
    assertEquals(KEYSTORE + "/keks/" + reads, again.name());
  }

  @Test
  void brokerAway_nobodyWaitsAfterTheFirstAttempt() throws Exception {
    PublicKek first = keks.get(KEYSTORE);
    failure = failure(Status.Code.DEADLINE_EXCEEDED, "");
    pass(Duration.ofSeconds(31));
    assertSame(first, keks.get(KEYSTORE));
    int before = reads;
    assertSame(first, keks.get(KEYSTORE));
    assertEquals(before, reads, "an attempt waits a second after a failed one");

    inBackground = true;
    pass(Duration.ofSeconds(2));
    assertSame(first, keks.get(KEYSTORE));
    assertEquals(1, later.size());
  }

  @Test
  void brokerThatRefuses_endsTheUseOfTheLastKnownKek() throws Exception {
    keks.get(KEYSTORE);
    for (KeyBrokerException refusal :
        new KeyBrokerException[] {
          failure(Status.Code.NOT_FOUND, "KEYSTORE_NOT_FOUND"),
          failure(Status.Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED"),
          failure(Status.Code.UNAVAILABLE, "KMS_UNREACHABLE"),
          failure(Status.Code.PERMISSION_DENIED, "PERMISSION_DENIED"),
        }) {
      failure = refusal;
      pass(Duration.ofSeconds(31));
      assertSame(refusal, assertThrows(KeyBrokerException.class, () -> keks.get(KEYSTORE)));
      failure = null;
      pass(Duration.ofSeconds(2));
      keks.get(KEYSTORE);
    }
  }

  @Test
  void storesDown_isAsIfTheBrokerWereAway() throws Exception {
    PublicKek first = keks.get(KEYSTORE);
    failure = failure(Status.Code.UNAVAILABLE, "STORE_UNAVAILABLE");
    pass(Duration.ofSeconds(31));
    assertSame(first, keks.get(KEYSTORE));
  }

  /** As a process that was just started. */
  private PublicKeks started(Path folder) throws IOException {
    return new PublicKeks(this::read, this::execute, clock, BOUND, new StoredKeks(folder));
  }

  @Test
  void storedKek_servesTheNextProcess_upToTheBound(@TempDir Path parent) throws Exception {
    Path folder = parent.resolve("keks");
    String first = started(folder).get(KEYSTORE).name();
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    assertEquals(first, started(folder).get(KEYSTORE).name());
    assertEquals(1, reads, "a fresh KEK is not read again");

    failure = failure(Status.Code.UNAVAILABLE, "");
    pass(BOUND.minusSeconds(1));
    PublicKek offline = started(folder).get(KEYSTORE);
    assertEquals(first, offline.name());
    assertArrayEquals(new byte[] {1}, offline.spki());
    pass(Duration.ofSeconds(1));
    assertThrows(KeyBrokerException.class, () -> started(folder).get(KEYSTORE));

    failure = null;
    assertEquals(KEYSTORE + "/keks/" + (reads + 1), started(folder).get(KEYSTORE).name());
  }

  @Test
  void storedKek_isForgotten_whenTheBrokerRefuses(@TempDir Path folder) throws Exception {
    started(folder).get(KEYSTORE);
    pass(Duration.ofSeconds(31));
    failure = failure(Status.Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED");
    assertThrows(KeyBrokerException.class, () -> started(folder).get(KEYSTORE));
    failure = failure(Status.Code.UNAVAILABLE, "");
    assertThrows(KeyBrokerException.class, () -> started(folder).get(KEYSTORE));
  }

  @Test
  void storedKek_ofTheFuture_ofAnotherKeystore_orDamaged_isNotUsed(@TempDir Path folder)
      throws Exception {
    now = now.plus(Duration.ofDays(1));
    started(folder).get(KEYSTORE);
    now = now.minus(Duration.ofDays(1));
    failure = failure(Status.Code.UNAVAILABLE, "");
    assertThrows(KeyBrokerException.class, () -> started(folder).get(KEYSTORE));
    now = now.plus(Duration.ofDays(1));
    started(folder).get(KEYSTORE);

    Path file = folder.resolve("tenants.acme.keystores.calls.properties");
    String text = Files.readString(file);
    for (String changed :
        List.of(text.replace("acme", "evil"), text.replace("RSA", "R"), text.replace("Z", ""))) {
      Files.writeString(file, changed);
      assertThrows(KeyBrokerException.class, () -> started(folder).get(KEYSTORE));
    }
  }

  @Test
  void folderThatOthersCanWriteTo_isRefused(@TempDir Path folder) throws Exception {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwx---"));
    assertThrows(IOException.class, () -> new StoredKeks(folder));
  }
}
