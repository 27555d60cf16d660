package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.Script.Made;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/// One client of a history: makes its steps one after the other, beside the others.
final class Client {
  private final Script script;
  private final RootKeys keys;
  private final Told told;
  private final Line line;
  private final DekSteps deks;
  private final KeystoreSteps keystores;
  private final KekSteps keks;

  Client(
      Script script,
      RootKeys keys,
      Told told,
      Line line,
      DekSteps deks,
      KeystoreSteps keystores,
      KekSteps keks) {
    this.script = script;
    this.keys = keys;
    this.told = told;
    this.line = line;
    this.deks = deks;
    this.keystores = keystores;
    this.keks = keks;
  }

  DekSteps deks() {
    return deks;
  }

  KeystoreSteps keystores() {
    return keystores;
  }

  KekSteps keks() {
    return keks;
  }

  /// Makes one step, where what it needs is there.
  void make(Step step) throws InterruptedException, SQLException {
    Thread.sleep(step.pauseMillis());
    List<Made> all = script.keystores();
    Made made = all.get(step.pick(all.size()));
    String keystore = made.name();
    String other = all.get(step.pickSecond(all.size())).name();
    int broker = step.broker();
    switch (step.operation()) {
      case WRAP -> deks.wrap(keystore, broker);
      case GENERATE -> deks.generate(keystore, step.second() % 3 == 0, broker);
      case UNWRAP -> withDek(step, dek -> deks.unwrap(dek, broker));
      case REWRAP -> withDek(step, dek -> deks.rewrap(dek, other, broker));
      case BATCH_WRAP -> deks.batchWrap(keystore, other, broker);
      case BATCH_UNWRAP -> deks.batchUnwrap(some(step), broker);
      case BATCH_REWRAP -> deks.batchRewrap(some(step), other, broker);
      case PUBLIC_KEK -> deks.publicKek(keystore, broker);
      case CREATE -> keystores.create(all.getLast(), broker);
      case GET -> keystores.get(keystore, broker);
      case UPDATE -> keystores.update(keystore, step);
      case UPDATE_WITH_ETAG -> keystores.updateWithEtag(keystore, step);
      case UPDATE_ROOT_KEY -> keystores.updateRootKey(keystore, step);
      case UPDATE_SPEC -> keystores.updateSpec(keystore, step);
      case ROTATE -> keks.rotate(keystore, broker);
      case ROTATE_TWICE -> keks.rotateTwice(keystore, broker);
      case LIST_KEKS -> keks.list(keystore, broker);
      case DISABLE -> withKek(keystore, step, kek -> keks.disable(keystore, kek, broker));
      case ENABLE -> withKek(keystore, step, kek -> keks.enable(keystore, kek, broker));
      case SCHEDULE_DESTRUCTION ->
          withKek(keystore, step, kek -> keks.scheduleDestruction(keystore, kek, broker));
      case RESTORE -> withKek(keystore, step, kek -> keks.restore(keystore, kek, broker));
      case HASTEN_DESTRUCTION -> {
        List<String> known = told.keks(keystore);
        if (!known.isEmpty()) {
          keks.hastenDestruction(known.get(step.pickSecond(known.size())));
        }
      }
      case MOVE_ALIAS ->
          withKms("alias moved to key " + step.pick(2), () -> keys.moveAlias(step.pick(2)));
      case DISABLE_KEY ->
          withKms("key disabled: " + step.pick(2), () -> keys.disable(step.pick(2)));
      case ENABLE_KEY -> withKms("key enabled: " + step.pick(2), () -> keys.enable(step.pick(2)));
      case KMS_FAULT -> {
        long started = System.nanoTime();
        line.note(keys.fault(step.first(), step.second()), started);
      }
      case KMS_CALM -> withKms("faults ended", keys::calm);
    }
  }

  private void withKms(String what, Runnable change) {
    long started = System.nanoTime();
    change.run();
    line.note(what, started);
  }

  private void withDek(Step step, Consumer<WrappedDek> work) {
    List<WrappedDek> known = told.deks();
    if (!known.isEmpty()) {
      work.accept(known.get(step.pick(known.size())));
    }
  }

  /// Up to three of the wrapped DEKs.
  private List<WrappedDek> some(Step step) {
    List<WrappedDek> known = told.deks();
    int first = known.isEmpty() ? 0 : step.pick(known.size());
    return known.subList(first, Math.min(known.size(), first + 3));
  }

  private void withKek(String keystore, Step step, Consumer<String> work) {
    List<String> known = told.keks(keystore);
    if (!known.isEmpty()) {
      work.accept(known.get(step.pickSecond(known.size())));
    }
  }
}
