package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The content of an audit record. It never contains a key, and only the digest and the loggable
/// values of an encryption context.
///
/// The factory methods create events that can be stored: texts are cut to [#MAX_TEXT] characters
/// and contain no NUL. The constructors change nothing, so an event that is read back is exactly
/// what is stored.
///
/// @param time when the call ended or, for an intent, when the change started; in whole
///     microseconds
/// @param action the rpc, e.g. `UnwrapDek`, or what the broker did by itself
/// @param actor null for the broker itself
/// @param peer the address of the connection's peer
/// @param reason why it was refused or failed, as reported to the caller
/// @param refersTo for a correction, the sequence number of the record that it corrects; for the
///     outcome of an intent, that of the intent; otherwise 0
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
  /// The maximum length of a text.
  public static final int MAX_TEXT = 512;

  /// The maximum length of an encryption context's value.
  public static final int MAX_CONTEXT_VALUE = 256;

  /// The action of a chain's closing record; nothing follows it.
  public static final String CLOSE_CHAIN = "CloseChain";

  /// The action of the broker when it dropped the records of a day that are older than the
  /// retention.
  public static final String DROP_DAY = "DropDay";

  /// The action of the broker when it replaced the ciphertext of a KEK's private key by the one
  /// under another root key. The destination is that key, and the reason how it was done.
  public static final String RE_ENCRYPT_KEK = "ReEncryptKek";

  /// The identity of the caller.
  ///
  /// @param kind a [Caller.Kind]
  public record Actor(String kind, String subject) {
    static Actor of(Caller caller) {
      return new Actor(caller.kind().name(), text(caller.subject(), MAX_TEXT));
    }
  }

  /// Facts that are known only inside the call.
  ///
  /// @param destination for a rewrap, the resource name of what the DEK was moved to; for a sealed
  ///     DEK, that of the recipient's key; for a re-encryption, the ARN of the root key
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

    /// Creates the details from what a call reports.
    static Detail of(
        @Nullable UUID kek,
        @Nullable String destination,
        byte @Nullable [] contextDigest,
        Map<String, String> contextValues,
        @Nullable String kmsRequestId) {
      return new Detail(
          kek, destination, contextDigest, values(contextValues), nullableText(kmsRequestId));
    }

    /// Cuts and cleans pairs as records store them.
    static Map<String, String> values(Map<String, String> values) {
      if (values.isEmpty()) {
        return Map.of();
      }
      Map<String, String> kept = new TreeMap<>();
      values.forEach((key, value) -> kept.put(text(key, MAX_TEXT), text(value, MAX_CONTEXT_VALUE)));
      return kept;
    }
  }

  /// Creates the event of a call.
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
        target.equals(Target.REACHABLE_TENANTS) ? null : target.tenant(),
        target.keystore(),
        facts.detail(),
        nullableText(peer),
        nullableText(traceId),
        outcome,
        nullableText(reason),
        0);
  }

  /// Creates the event of a call whose request could not be parsed, so its resource is unknown.
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

  /// Creates an event of the broker itself.
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

  /// Creates the event of a [Verification].
  ///
  /// @param counts what was verified
  /// @param reason null if everything verified
  static AuditEvent ofVerification(Instant time, String counts, @Nullable String reason) {
    return new AuditEvent(
        stored(time),
        Verification.ACTION,
        null,
        null,
        null,
        Detail.of(null, counts, null, Map.of(), null),
        null,
        null,
        reason == null ? Outcome.GRANTED : Outcome.FAILED,
        reason,
        0);
  }

  /// Creates the event of a KEK's re-encryption by the broker.
  static AuditEvent ofReEncryption(
      Instant time,
      String tenant,
      String keystore,
      UUID kek,
      String rootKey,
      @Nullable String kmsRequestId,
      String way) {
    return new AuditEvent(
        stored(time),
        RE_ENCRYPT_KEK,
        null,
        tenant,
        keystore,
        Detail.of(kek, rootKey, null, Map.of(), kmsRequestId),
        null,
        null,
        Outcome.GRANTED,
        nullableText(way),
        0);
  }

  /// Returns the event of the same call if its answer is not released because it could not be
  /// recorded in time.
  AuditEvent failed(String why) {
    return with(time, Outcome.FAILED, why, 0);
  }

  /// Returns the event that follows this one if this one is on record as granted or intended, but
  /// its call was given up before that was known.
  AuditEvent withheld(Instant now, long sequence, String why) {
    Outcome what = outcome == Outcome.INTENDED ? Outcome.FAILED : Outcome.WITHHELD;
    return with(now, what, why, sequence);
  }

  /// Returns the same event with a reference to another record.
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

  /// PostgreSQL's text type does not allow NUL, and UTF-8 does not allow unpaired surrogates.
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
