package dev.keybroker.faults.histories;

import com.google.protobuf.ByteString;
import com.google.rpc.Status;
import dev.keybroker.faults.histories.Tally.Count;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchRewrapDeksResponse;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksResponse;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RewrapDekResult;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// The data plane as a client calls it. Each answer is compared with what is known of the DEK.
final class DekSteps {
  private static final int BATCH = 3;
  private static final int DEK_SIZE = 32;

  private final Line line;
  private final Told told;
  private final Tally tally;

  DekSteps(Line line, Told told, Tally tally) {
    this.line = line;
    this.told = told;
    this.tally = tally;
  }

  /// A DEK to wrap; an unknown one is to be made by the broker, which may keep it to itself.
  private record ToWrap(
      String keystore, Secret secret, String recording, boolean withoutPlaintext) {
    static ToWrap given(String keystore) {
      return new ToWrap(keystore, Secret.random(), newRecording(), false);
    }

    static ToWrap generated(String keystore, boolean withoutPlaintext) {
      return new ToWrap(keystore, Secret.unknown(), newRecording(), withoutPlaintext);
    }

    private static String newRecording() {
      return Long.toUnsignedString(ThreadLocalRandom.current().nextLong());
    }

    WrapDekRequest request() {
      WrapDekRequest.Builder request =
          WrapDekRequest.newBuilder()
              .setKeystore(keystore)
              .putEncryptionContext("recording", recording)
              .setWithoutPlaintext(withoutPlaintext);
      return secret.dek().isEmpty()
          ? request.setDekSizeBytes(DEK_SIZE).build()
          : request.setDek(secret.dek()).build();
    }
  }

  Answer<WrapDekResponse> wrap(String keystore, int broker) {
    return wrap(ToWrap.given(keystore), broker);
  }

  void generate(String keystore, boolean withoutPlaintext, int broker) {
    wrap(ToWrap.generated(keystore, withoutPlaintext), broker);
  }

  private Answer<WrapDekResponse> wrap(ToWrap dek, int broker) {
    Answer<WrapDekResponse> answer =
        line.call(
            Ask.of("WrapDek", dek.keystore), broker, it -> it.broker().wrapDek(dek.request()));
    if (answer.isOk()) {
      wrapped(dek, answer.get(), answer.ended());
    }
    return answer;
  }

  private void wrapped(ToWrap dek, WrapDekResponse response, long ended) {
    tally.add(Count.WRAPPED);
    boolean isShown = dek.secret.dek().isEmpty() && !dek.withoutPlaintext;
    if (isShown ? !dek.secret.is(response.getDek()) : !response.getDek().isEmpty()) {
      told.wrong("a DEK too much or too little in the answer to a wrap, of " + dek.keystore);
    }
    told.wrapped(
        new WrappedDek(
            dek.keystore, response.getKek(), response.getWrappedDek(), dek.recording, dek.secret),
        ended);
  }

  void batchWrap(String keystore, String other, int broker) {
    List<ToWrap> deks = new ArrayList<>();
    for (int i = 0; i < BATCH; i++) {
      deks.add(i == 1 ? ToWrap.generated(other, false) : ToWrap.given(keystore));
    }
    BatchWrapDeksRequest request =
        BatchWrapDeksRequest.newBuilder()
            .addAllRequests(deks.stream().map(ToWrap::request).toList())
            .build();
    Answer<BatchWrapDeksResponse> answer =
        line.call(Ask.of("BatchWrapDeks", ""), broker, it -> it.broker().batchWrapDeks(request));
    if (answer.isOk()) {
      for (int i = 0; i < BATCH; i++) {
        WrapDekResult result = answer.get().getResults(i);
        Answer<WrapDekResponse> item = item(answer, result.getResponse(), result.getError());
        line.note(Ask.of("WrapDek", deks.get(i).keystore), item);
        if (item.isOk()) {
          wrapped(deks.get(i), item.get(), item.ended());
        }
      }
    }
  }

  void unwrap(WrappedDek dek, int broker) {
    Answer<UnwrapDekResponse> answer =
        line.call(
            Ask.of("UnwrapDek", dek.keystore()).kek(dek.kek()),
            broker,
            it -> it.broker().unwrapDek(dek.unwrap()));
    if (answer.isOk()) {
      unwrapped(dek, answer.get().getDek());
    }
  }

  private void unwrapped(WrappedDek dek, ByteString answer) {
    tally.add(Count.UNWRAPS);
    if (!dek.secret().is(answer)) {
      tally.add(Count.WRONG_DEKS);
      told.wrong("unwrapped to another DEK: " + dek);
    }
  }

  /// Unwraps many in one call.
  ///
  /// @return the items' answers; empty where the call as a whole had none
  List<Answer<UnwrapDekResponse>> batchUnwrap(List<WrappedDek> deks, int broker) {
    BatchUnwrapDeksRequest request =
        BatchUnwrapDeksRequest.newBuilder()
            .addAllRequests(deks.stream().map(WrappedDek::unwrap).toList())
            .build();
    Answer<BatchUnwrapDeksResponse> answer =
        line.call(
            Ask.of("BatchUnwrapDeks", ""), broker, it -> it.broker().batchUnwrapDeks(request));
    List<Answer<UnwrapDekResponse>> items = new ArrayList<>();
    if (!answer.isOk()) {
      told.audited("UnwrapDek", 0, deks.size());
      return items;
    }
    for (int i = 0; i < deks.size(); i++) {
      WrappedDek dek = deks.get(i);
      UnwrapDekResult result = answer.get().getResults(i);
      Answer<UnwrapDekResponse> item = item(answer, result.getResponse(), result.getError());
      told.audited("UnwrapDek", item);
      line.note(Ask.of("UnwrapDek", dek.keystore()).kek(dek.kek()), item);
      if (item.isOk()) {
        unwrapped(dek, item.get().getDek());
      }
      items.add(item);
    }
    return items;
  }

  void rewrap(WrappedDek dek, String destination, int broker) {
    Answer<RewrapDekResponse> answer =
        line.call(ask(dek), broker, it -> it.broker().rewrapDek(request(dek, destination)));
    if (answer.isOk()) {
      rewrapped(dek, destination, answer.get(), answer.ended());
    }
  }

  void batchRewrap(List<WrappedDek> deks, String destination, int broker) {
    BatchRewrapDeksRequest request =
        BatchRewrapDeksRequest.newBuilder()
            .addAllRequests(deks.stream().map(dek -> request(dek, destination)).toList())
            .build();
    Answer<BatchRewrapDeksResponse> answer =
        line.call(
            Ask.of("BatchRewrapDeks", ""), broker, it -> it.broker().batchRewrapDeks(request));
    if (!answer.isOk()) {
      told.audited("RewrapDek", 0, deks.size());
      return;
    }
    for (int i = 0; i < deks.size(); i++) {
      RewrapDekResult result = answer.get().getResults(i);
      Answer<RewrapDekResponse> item = item(answer, result.getResponse(), result.getError());
      told.audited("RewrapDek", item);
      line.note(ask(deks.get(i)), item);
      if (item.isOk()) {
        rewrapped(deks.get(i), destination, item.get(), item.ended());
      }
    }
  }

  private void rewrapped(
      WrappedDek dek, String destination, RewrapDekResponse response, long ended) {
    tally.add(Count.WRAPPED);
    if (!response.getSourceKek().equals(dek.kek())) {
      told.wrong("rewrapped from another KEK than it was wrapped under: " + dek);
    }
    told.wrapped(
        new WrappedDek(
            destination,
            response.getKek(),
            response.getWrappedDek(),
            dek.recording(),
            dek.secret()),
        ended);
  }

  private static Ask ask(WrappedDek dek) {
    return Ask.of("RewrapDek", dek.keystore()).kek(dek.kek());
  }

  private static RewrapDekRequest request(WrappedDek dek, String destination) {
    return RewrapDekRequest.newBuilder()
        .setKeystore(dek.keystore())
        .setWrappedDek(dek.bytes())
        .putEncryptionContext("recording", dek.recording())
        .setDestinationKeystore(destination)
        .build();
  }

  void publicKek(String keystore, int broker) {
    Answer<PublicKek> answer =
        line.call(
            Ask.of("GetPublicKek", keystore),
            broker,
            it ->
                it.broker()
                    .getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore).build()));
    if (answer.isOk()) {
      told.kek(keystore, answer.get().getKek());
      told.isThere(keystore, answer.ended());
    }
  }

  private static <T> Answer<T> item(Answer<?> batch, T response, Status error) {
    return error.getCode() == 0
        ? new Answer<>(response, null, batch.started(), batch.ended())
        : new Answer<>(null, Refusal.of(error), batch.started(), batch.ended());
  }
}
