package dev.keybroker.faults.histories;

import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import dev.keybroker.faults.histories.Script.Made;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotationPeriod;
import dev.keybroker.v1.UpdateKeystoreRequest;
import java.util.concurrent.atomic.AtomicInteger;

/// Keystores as an administrator makes and changes them.
final class KeystoreSteps {
  private final String client;
  private final Line line;
  private final Told told;
  private final RootKeys keys;
  private final AtomicInteger changes = new AtomicInteger();

  KeystoreSteps(String client, Line line, Told told, RootKeys keys) {
    this.client = client;
    this.line = line;
    this.told = told;
    this.keys = keys;
  }

  Answer<Keystore> create(Made made, int broker) {
    CreateKeystoreRequest request =
        CreateKeystoreRequest.newBuilder()
            .setParent(made.tenant())
            .setKeystoreId(made.id())
            .setKeystore(
                Keystore.newBuilder()
                    .setDisplayName(Settings.MADE)
                    .setRootKey(rootKey(made.key()))
                    .setKeyPairSpec(made.spec())
                    .setPrivateKekLifetime(made.lifetime())
                    .setOnKmsOutage(made.onOutage()))
            .build();
    Answer<Keystore> answer =
        line.call(
            Ask.of("CreateKeystore", made.name()),
            broker,
            it -> it.keystores().createKeystore(request));
    if (answer.isOk()) {
      saw(answer);
      if (answer.get().getActiveKek().isEmpty()) {
        told.wrong("a keystore was made without a KEK: " + made.name());
      }
    }
    return answer;
  }

  Answer<Keystore> get(String keystore, int broker) {
    Answer<Keystore> answer =
        line.call(
            Ask.of("GetKeystore", keystore),
            broker,
            it ->
                it.keystores()
                    .getKeystore(GetKeystoreRequest.newBuilder().setName(keystore).build()));
    if (answer.isOk()) {
      saw(answer);
    }
    return answer;
  }

  private void saw(Answer<Keystore> answer) {
    told.saw(answer.get(), answer.started(), answer.ended());
  }

  /// Changes what makes no other KEKs.
  void update(String keystore, Step step) {
    update(change(keystore, step), "private_kek_lifetime", "rotation_period", step.broker());
  }

  /// As [#update], unless somebody else changes it between the read and this.
  void updateWithEtag(String keystore, Step step) {
    Answer<Keystore> before = get(keystore, step.broker());
    if (before.isOk()) {
      update(
          change(keystore, step).setEtag(before.get().getEtag()),
          "private_kek_lifetime",
          "rotation_period",
          step.broker());
    }
  }

  void updateRootKey(String keystore, Step step) {
    Keystore.Builder change = change(keystore, step).setRootKey(rootKey(step.pickSecond(3)));
    update(change, "root_key", "root_key", step.broker());
  }

  void updateSpec(String keystore, Step step) {
    KeyPairSpec spec = Script.spec(step.second() % 12);
    update(change(keystore, step).setKeyPairSpec(spec), "key_pair_spec", "key_pair_spec", 0);
  }

  private Keystore.Builder change(String keystore, Step step) {
    return Keystore.newBuilder()
        .setName(keystore)
        .setDisplayName(client + "-" + changes.incrementAndGet())
        .setPrivateKekLifetime(Script.lifetime(step.second()))
        .setRotationPeriod(
            step.second() % 2 == 0
                ? RotationPeriod.ROTATION_PERIOD_DAILY
                : RotationPeriod.ROTATION_PERIOD_NEVER);
  }

  private void update(Keystore.Builder change, String field, String other, int broker) {
    Keystore keystore = change.build();
    UpdateKeystoreRequest request =
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(keystore)
            .setUpdateMask(
                FieldMask.newBuilder().addPaths("display_name").addPaths(field).addPaths(other))
            .build();
    String what = keystore.getDisplayName() + " " + field;
    if (field.equals("root_key")) {
      what += " " + keystore.getRootKey().getAwsKms().getKeyArn();
    } else if (field.equals("private_kek_lifetime")) {
      what += " " + Durations.toString(keystore.getPrivateKekLifetime());
    }
    Ask ask = Ask.of("UpdateKeystore", keystore.getName()).detail(what);
    Answer<Keystore> answer =
        line.call(
            keystore.getEtag().isEmpty() ? ask : ask.etag(),
            broker,
            it -> it.keystores().updateKeystore(request));
    Settings settings = told.settings(keystore.getName());
    if (answer.isOk()) {
      settings.done(keystore.getDisplayName(), answer.started(), answer.ended());
      saw(answer);
      if (!keystore.getEtag().isEmpty() && !settings.isFirst(keystore.getEtag())) {
        told.wrong("two changes upon one etag of " + keystore.getName());
      }
    } else if (answer.leavesOpen()) {
      settings.open(keystore.getDisplayName(), answer.started());
    }
  }

  private RootKey rootKey(int which) {
    return RootKey.newBuilder()
        .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keys.arn(which)))
        .build();
  }
}
