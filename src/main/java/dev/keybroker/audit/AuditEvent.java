package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What one record says. Never a key, and of an encryption context the digest and loggable values
/// only.
///
/// An event that is made here can be stored: its texts are cut to [#MAX_TEXT] characters and hold
/// no NUL. The constructors change nothing, so what is read back is exactly what is stored.
///
/// @param time when the call ended, or of an intent, when the change began; in whole microseconds
/// @param action the rpc, e.g. `UnwrapDek`, or what the broker did of its own accord
/// @param actor null: the broker itself
/// @param peer the address of the other end of the connection
/// @param reason why it was refused or failed, as the caller was told it
/// @param refersTo of a correction: the sequence number of the record that it corrects; of what
///     became of an intent: that of the intent; otherwise 0
public record AuditEvent(
    Instant time,
    String action,
    @Nullable Actor actor,
    @Nullable String tenant,
    @Nullable String keystore,
    Detail detail,
    @Nullable String peer,
    @Nullable String traceId,
    Outcome outcome,
    @Nullable String reason,
    long refersTo) {
  /// The longest text.
  public static final int MAX_TEXT = 512;

  /// The longest value of an encryption context.
  public static final int MAX_CONTEXT_VALUE = 256;

  /// The broker's last word on a chain: nothing follows.
  public static final String CLOSE_CHAIN = "CloseChain";

  /// The broker has dropped the records of a day, since they are older than the retention.
  public static final String DROP_DAY = "DropDay";

  /// Who called.
  ///
  /// @param kind a [Caller.Kind]
  public record Actor(String kind, String subject) {
    static Actor of(Caller caller) {
      return new Actor(caller.kind().name(), text(caller.subject(), MAX_TEXT));
    }
  }

  /// What is known only inside the call.
  ///
  /// @param destination of a rewrap: the resource name of what the DEK was moved to
  /// @param contextDigest SHA-256 of the canonical encoding of the encryption context
  /// @param contextValues the loggable pairs
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  public record Detail(
      @Nullable UUID kek,
      @Nullable String destination,
      byte @Nullable [] contextDigest,
      Map<String, String> contextValues,
      @Nullable String kmsRequestId) {
    static final Detail NONE = new Detail(null, null, null, Map.of(), null);

    /// Of what a call says.
    static Detail of(
        @Nullable UUID kek,
        @Nullable String destination,
        byte @Nullable [] contextDigest,
        Map<String, String> contextValues,
        @Nullable String kmsRequestId) {
      return new Detail(
          kek, destination, contextDigest, values(contextValues), nullableText(kmsRequestId));
    }

    /// Pairs as records hold them.
    static Map<String, String> values(Map<String, String> values) {
      if (values.isEmpty()) {
        return Map.of();
      }
      Map<String, String> kept = new TreeMap<>();
      values.forEach((key, value) -> kept.put(text(key, MAX_TEXT), text(value, MAX_CONTEXT_VALUE)));
      return kept;
    }
  }

  /// Of a call.
  public static AuditEvent of(
      Instant time,
      String rpc,
      Caller caller,
      Target target,
      CallFacts facts,
      String peer,
      @Nullable String traceId,
      Outcome outcome,
      @Nullable String reason) {
    return new AuditEvent(
        stored(time),
        rpc,
        Actor.of(caller),
        target.tenant(),
        target.keystore(),
        facts.detail(),
        nullableText(peer),
        nullableText(traceId),
        outcome,
        nullableText(reason),
        0);
  }

  /// Of a call whose request could not be read, so that nobody knows what it was about.
  public static AuditEvent ofUnreadable(
      Instant time,
      String rpc,
      Caller caller,
      String peer,
      @Nullable String traceId,
      String reason) {
    return new AuditEvent(
        stored(time),
        rpc,
        Actor.of(caller),
        null,
        null,
        Detail.NONE,
        nullableText(peer),
        nullableText(traceId),
        Outcome.REFUSED,
        nullableText(reason),
        0);
  }

  /// Of the broker itself.
  static AuditEvent ofBroker(Instant time, String action, @Nullable String reason) {
    return new AuditEvent(
        stored(time),
        action,
        null,
        null,
        null,
        Detail.NONE,
        null,
        null,
        Outcome.GRANTED,
        nullableText(reason),
        0);
  }

  /// The same call, but its answer is not released: it failed before this could be recorded.
  AuditEvent failed(String why) {
    return with(time, Outcome.FAILED, why, 0);
  }

  /// What follows this event, which is on record as granted or intended, when its call was given up
  /// before it learnt that.
  AuditEvent withheld(Instant now, long sequence, String why) {
    Outcome what = outcome == Outcome.INTENDED ? Outcome.FAILED : Outcome.WITHHELD;
    return with(now, what, why, sequence);
  }

  /// The same event with a reference to another record.
  AuditEvent referringTo(long sequence) {
    return sequence == refersTo ? this : with(time, outcome, reason, sequence);
  }

  private AuditEvent with(Instant at, Outcome what, @Nullable String why, long corrected) {
    return new AuditEvent(
        stored(at),
        action,
        actor,
        tenant,
        keystore,
        detail,
        peer,
        traceId,
        what,
        nullableText(why),
        corrected);
  }

  private static Instant stored(Instant time) {
    return time.truncatedTo(ChronoUnit.MICROS);
  }

  private static @Nullable String nullableText(@Nullable String text) {
    return text == null ? null : text(text, MAX_TEXT);
  }

  /// PostgreSQL's text takes no NUL, and UTF-8 no unpaired surrogate.
  static String text(String text, int max) {
    int length = Math.min(text.length(), max);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c == 0 || Character.isSurrogate(c)) {
        return cleaned(text, length);
      }
    }
    return length == text.length() ? text : text.substring(0, length);
  }

  private static String cleaned(String text, int length) {
    StringBuilder cleaned = new StringBuilder(length);
    int i = 0;
    while (i < length) {
      int point = text.codePointAt(i);
      int chars = Character.charCount(point);
      boolean storable =
          point != 0 && i + chars <= length && !(chars == 1 && Character.isSurrogate((char) point));
      cleaned.appendCodePoint(storable ? point : 0xFFFD);
      i += chars;
    }
    return cleaned.toString();
  }
}
