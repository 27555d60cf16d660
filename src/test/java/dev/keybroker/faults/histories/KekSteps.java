package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.KekEvent.Kind;
import dev.keybroker.faults.histories.KekEvent.Outcome;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// KEKs as an administrator changes them.
final class KekSteps {
  private static final int PAGE = 1000;
  private static final int WAITING_DAYS = 7;

  private final Line line;
  private final Told told;
  private final Database database;

  KekSteps(Line line, Told told, Database database) {
    this.line = line;
    this.told = told;
    this.database = database;
  }

  void rotate(String keystore, int broker) {
    rotate(keystore, "", broker);
  }

  /// Twice with one request id, of both brokers: it is one KEK.
  void rotateTwice(String keystore, int broker) {
    String request = UUID.randomUUID().toString();
    Answer<Kek> first = rotate(keystore, request, broker);
    Answer<Kek> second = rotate(keystore, request, 1 - broker);
    if (first.isOk() && second.isOk() && !first.get().getName().equals(second.get().getName())) {
      told.wrong("two KEKs for one request id: " + first.get() + second.get());
    }
  }

  private Answer<Kek> rotate(String keystore, String requestId, int broker) {
    RotateKekRequest request =
        RotateKekRequest.newBuilder().setName(keystore).setRequestId(requestId).build();
    Answer<Kek> answer =
        line.call(
            Ask.of("RotateKek", keystore).detail(Ask.brief(requestId)),
            broker,
            it -> it.keystores().rotateKek(request));
    if (answer.isOk()) {
      told.isThere(keystore, answer.ended());
      told.saw(keystore, answer.get(), answer.started(), answer.ended());
    }
    return answer;
  }

  /// The history; null where there is no answer.
  @Nullable List<Kek> list(String keystore, int broker) {
    ListKeksRequest request =
        ListKeksRequest.newBuilder().setParent(keystore).setPageSize(PAGE).build();
    Answer<ListKeksResponse> answer =
        line.call(Ask.of("ListKeks", keystore), broker, it -> it.keystores().listKeks(request));
    if (!answer.isOk()) {
      return null;
    }
    List<Kek> keks = answer.get().getKeksList();
    keks.forEach(kek -> told.saw(keystore, kek, answer.started(), answer.ended()));
    long active = count(keks, KekState.KEK_STATE_ACTIVE);
    if (active > 1 || (active < 1 && told.wasThere(keystore, answer.started()))) {
      told.wrong(active + " ACTIVE KEKs of " + keystore);
    }
    if (count(keks, KekState.KEK_STATE_PENDING_GENERATION) > 1) {
      told.wrong("two KEKs that are to be generated, of " + keystore);
    }
    return keks;
  }

  private static long count(List<Kek> keks, KekState state) {
    return keks.stream().filter(kek -> kek.getState() == state).count();
  }

  void disable(String keystore, String kek, int broker) {
    told.disabling(kek);
    changed(
        Kind.DISABLE,
        keystore,
        kek,
        line.call(
            Ask.of("DisableKek", keystore).kek(kek),
            broker,
            it -> it.keystores().disableKek(DisableKekRequest.newBuilder().setName(kek).build())));
  }

  void enable(String keystore, String kek, int broker) {
    changed(
        Kind.ENABLE,
        keystore,
        kek,
        line.call(
            Ask.of("EnableKek", keystore).kek(kek),
            broker,
            it -> it.keystores().enableKek(EnableKekRequest.newBuilder().setName(kek).build())));
  }

  void scheduleDestruction(String keystore, String kek, int broker) {
    told.disabling(kek);
    ScheduleKekDestructionRequest request =
        ScheduleKekDestructionRequest.newBuilder()
            .setName(kek)
            .setWaitingPeriodDays(WAITING_DAYS)
            .setForce(true)
            .build();
    changed(
        Kind.SCHEDULE,
        keystore,
        kek,
        line.call(
            Ask.of("ScheduleKekDestruction", keystore).kek(kek),
            broker,
            it -> it.keystores().scheduleKekDestruction(request)));
  }

  void restore(String keystore, String kek, int broker) {
    changed(
        Kind.RESTORE,
        keystore,
        kek,
        line.call(
            Ask.of("RestoreKek", keystore).kek(kek),
            broker,
            it -> it.keystores().restoreKek(RestoreKekRequest.newBuilder().setName(kek).build())));
  }

  private void changed(Kind kind, String keystore, String kek, Answer<Kek> answer) {
    Refusal refusal = answer.refusal();
    long started = answer.started();
    long ended = answer.ended();
    if (refusal == null) {
      String state = KekEvent.state(answer.get());
      told.event(kek, new KekEvent(kind, Outcome.DONE, state, started, ended));
    } else if (refusal.leavesOpen()) {
      told.event(kek, new KekEvent(kind, Outcome.OPEN, null, started, Long.MAX_VALUE));
    } else {
      @Nullable String found =
          switch (refusal.reason()) {
            case "KEK_ACTIVE" -> "ACTIVE";
            case "KEK_DESTROYED" -> "DESTROYED";
            case "KEK_STATE_INVALID" -> refusal.metadata().get("state");
            default -> null;
          };
      if (found == null) {
        told.wrong(kind + " of " + kek + " refused, and no state told: " + refusal);
      } else {
        told.event(kek, new KekEvent(kind, Outcome.REFUSED, found, started, ended));
      }
    }
  }

  /// Lets the time of a scheduled destruction come: days pass in no time, in the database.
  void hastenDestruction(String kek) throws SQLException {
    told.destroying(kek);
    long started = System.nanoTime();
    boolean isHastened = database.hastenDestruction(kek);
    told.event(
        kek,
        new KekEvent(
            Kind.HASTEN,
            isHastened ? Outcome.DONE : Outcome.REFUSED,
            null,
            started,
            System.nanoTime()));
    line.note("days pass for " + Ask.brief(kek) + ": " + isHastened, started);
  }
}
