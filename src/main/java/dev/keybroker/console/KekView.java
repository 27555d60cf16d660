package dev.keybroker.console;

import dev.keybroker.v1.Kek;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A KEK, as the history shows it.
///
/// @param state without its prefix, e.g. `ACTIVE`
/// @param rootKey the ARN of the KMS key that encrypts the private key
/// @param days how many whole days ago it was made
/// @param destroyTime null if no destruction is scheduled
/// @param left until then; null likewise
record KekView(
    String id,
    String state,
    String spec,
    String rootKey,
    String fingerprint,
    Moment created,
    long days,
    @Nullable Moment activeTime,
    @Nullable Moment retireTime,
    @Nullable Moment destroyTime,
    @Nullable Countdown left,
    KekUseView use) {

  static KekView of(Kek kek, KekUseView use, Instant now) {
    Instant created = Instant.ofEpochSecond(kek.getCreateTime().getSeconds());
    return new KekView(
        kek.getName().substring(kek.getName().lastIndexOf('/') + 1),
        kek.getState().name().replace("KEK_STATE_", ""),
        kek.getSpec().name().replace("KEY_PAIR_SPEC_", ""),
        kek.getRootKeyArn(),
        kek.getPublicKeyFingerprint(),
        Moment.of(kek.getCreateTime()),
        Duration.between(created, now).toDays(),
        kek.hasActiveTime() ? Moment.of(kek.getActiveTime()) : null,
        kek.hasRetireTime() ? Moment.of(kek.getRetireTime()) : null,
        kek.hasDestroyTime() ? Moment.of(kek.getDestroyTime()) : null,
        kek.hasDestroyTime() ? Countdown.of(kek.getDestroyTime(), now) : null,
        use);
  }
}
