package dev.keybroker.kek.redis;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KeystoreName;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.redis.datasource.pubsub.ReactivePubSubCommands;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Announces changes over a Redis channel, and to this broker directly.
///
/// A message is only a hint and is not authenticated: a forged message makes brokers read
/// PostgreSQL, and nothing more. A lost subscription is renewed. Changes missed in between are seen
/// in the feed of changes.
public final class RedisKekChanges implements KekChanges, AutoCloseable {
  private static final Logger LOG = Logger.getLogger(RedisKekChanges.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(1);
  private static final String KEYSTORE = "keystore ";
  private static final String SETTINGS = "settings ";
  private static final String KEK = "kek ";

  private final ReactivePubSubCommands<String> channel;
  private final String channelName;
  private final RedisEntries entries;
  private final RedisConfig config;
  private final Consumer<KekChange> listener;
  private volatile @Nullable String lostFor;
  private @Nullable Cancellable subscription;

  /// @param listener called for each change by any broker; must not block
  public RedisKekChanges(
      ReactiveRedisDataSource redis, RedisConfig config, Consumer<KekChange> listener) {
    this.channel = redis.pubsub(String.class);
    this.channelName = config.prefix() + "changes";
    this.entries = new RedisEntries(redis, config.timeout());
    this.config = config;
    this.listener = listener;
  }

  public synchronized void start() {
    subscription =
        channel
            .subscribe(channelName)
            .onCompletion()
            .failWith(() -> new IllegalStateException("subscription ended"))
            .onFailure()
            .invoke(this::lost)
            .onFailure()
            .retry()
            .withBackOff(FIRST_RETRY, LONGEST_RETRY)
            .indefinitely()
            .subscribe()
            .with(
                this::received,
                failure -> LOG.error("Redis subscription ended; it is not renewed", failure));
  }

  /// A wrong password or certificate authority shows only here. Each reason is logged once.
  private void lost(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String reason = cause.toString();
    if (!reason.equals(lostFor)) {
      lostFor = reason;
      LOG.warnf(
          "no subscription to Redis: %s. Until it is back, changes made by other brokers are seen"
              + " when the feed of changes is next read",
          reason);
    }
  }

  @Override
  public synchronized void close() {
    if (subscription != null) {
      subscription.cancel();
    }
  }

  @Override
  public Uni<Void> publish(KekChange change) {
    return Uni.createFrom()
        .deferred(
            () -> {
              listener.accept(change);
              return forget(change).chain(() -> channel.publish(channelName, message(change)));
            })
        .ifNoItem()
        .after(config.timeout())
        .fail()
        .onFailure()
        .invoke(failure -> LOG.warnf("a change could not be announced: %s", failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }

  /// Invalidates the outdated entry, and prevents readers that already started from putting it
  /// back.
  private Uni<Void> forget(KekChange change) {
    return entries.mark(
        switch (change) {
          case KekChange.OfKeystore(KeystoreName keystore) ->
              RedisKekTier.activeKey(config, keystore);
          case KekChange.OfKek(UUID kek) -> RedisKekTier.kekKey(config, kek);
          case KekChange.OfSettings(KeystoreName keystore) ->
              RedisKekTier.activeKey(config, keystore);
        });
  }

  static String message(KekChange change) {
    return switch (change) {
      case KekChange.OfKeystore(KeystoreName keystore) -> KEYSTORE + keystore;
      case KekChange.OfSettings(KeystoreName keystore) -> SETTINGS + keystore;
      case KekChange.OfKek(UUID kek) -> KEK + kek;
    };
  }

  private void received(String message) {
    lostFor = null;
    KekChange change;
    try {
      change = parse(message);
    } catch (IllegalArgumentException e) {
      LOG.warn("ignored a message on the channel of changes that no broker writes");
      return;
    }
    try {
      listener.accept(change);
    } catch (RuntimeException e) {
      // An exception here would end the subscription.
      LOG.errorf(e, "a change could not be applied: %s", message);
    }
  }

  static KekChange parse(String message) {
    if (message.startsWith(KEYSTORE)) {
      return new KekChange.OfKeystore(KeystoreName.parse(message.substring(KEYSTORE.length())));
    }
    if (message.startsWith(SETTINGS)) {
      return new KekChange.OfSettings(KeystoreName.parse(message.substring(SETTINGS.length())));
    }
    if (message.startsWith(KEK)) {
      return new KekChange.OfKek(UUID.fromString(message.substring(KEK.length())));
    }
    throw new IllegalArgumentException("not a change");
  }
}
