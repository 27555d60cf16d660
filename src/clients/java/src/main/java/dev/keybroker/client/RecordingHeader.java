package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The header of a recording: what it says about itself, and its wrapped DEK. It is not secret, and
 * it is authentic only once a reader has opened the recording. Immutable.
 */
public final class RecordingHeader {
  /** Size in bytes of the smallest segments. */
  public static final int MIN_SEGMENT_SIZE = 1 << 16;

  /** Size in bytes of the largest segments. */
  public static final int MAX_SEGMENT_SIZE = 1 << 20;

  private static final byte[] MAGIC = {(byte) 0x89, 'K', 'B', 'R', '\r', '\n', 0x1a, '\n'};
  private static final byte VERSION = 1;
  private static final byte[] COMMITMENT_INFO =
      "keybroker/v1 recording commitment".getBytes(US_ASCII);
  private static final int START = MAGIC.length + 3;
  private static final int HASH = 32;
  private static final int MAX_WRAPPED_DEK = 1024;
  private static final long LATEST = 253_402_300_799_999L; // 9999-12-31T23:59:59.999Z
  private static final Pattern KEYSTORE =
      Pattern.compile("tenants/[a-z0-9][a-z0-9-]{0,62}/keystores/[a-z0-9][a-z0-9-]{0,62}");

  private static final int SEGMENT_SIZE = 1;
  private static final int CREATED = 2;
  private static final int CONTEXT = 3;
  private static final int CONTEXT_HASH = 4;
  private static final int MEDIA_TYPE = 5;
  private static final int METADATA = 6;

  private final byte[] associatedData;
  private final SortedMap<Integer, byte[]> fields;
  private final Map<String, String> context;
  private final Map<String, String> metadata;
  private final String keystore;
  private final byte[] wrappedDek;

  /** The description is valid, except for its pairs. */
  private RecordingHeader(byte[] associatedData, String keystore, byte[] wrappedDek)
      throws RecordingException {
    this.associatedData = associatedData;
    this.fields =
        fields(ByteBuffer.wrap(associatedData, START, associatedData.length - START - HASH));
    this.context = fields.containsKey(CONTEXT) ? Pairs.CONTEXT.decode(fields.get(CONTEXT)) : null;
    this.metadata =
        fields.containsKey(METADATA) ? Pairs.METADATA.decode(fields.get(METADATA)) : Map.of();
    require(wrappedDek.length >= 1 && wrappedDek.length <= MAX_WRAPPED_DEK);
    require(KEYSTORE.matcher(keystore).matches());
    this.keystore = keystore;
    this.wrappedDek = wrappedDek;
  }

  /**
   * Whether a file is a recording container, of any version, by its first 8 bytes. In an archive it
   * tells encrypted files from others.
   */
  public static boolean isRecording(byte[] start) {
    return start.length >= MAGIC.length
        && Arrays.equals(MAGIC, 0, MAGIC.length, start, 0, MAGIC.length);
  }

  /** Reads a header and nothing beyond it. */
  public static RecordingHeader read(InputStream in) throws IOException {
    byte[] start = in.readNBytes(START);
    require(start.length > MAGIC.length && Arrays.equals(MAGIC, Arrays.copyOf(start, 8)));
    if (start[MAGIC.length] != VERSION) {
      throw new RecordingException(RecordingException.Reason.VERSION);
    }
    require(start.length == START);
    int description = Short.toUnsignedInt(ByteBuffer.wrap(start).getShort(MAGIC.length + 1));
    byte[] rest = readAll(in, description + HASH);
    byte[] associatedData = Arrays.copyOf(start, START + rest.length);
    System.arraycopy(rest, 0, associatedData, START, rest.length);
    byte[] keystore = readAll(in, Byte.toUnsignedInt(readAll(in, 1)[0]));
    int wrapped = Short.toUnsignedInt(ByteBuffer.wrap(readAll(in, 2)).getShort());
    require(wrapped <= MAX_WRAPPED_DEK);
    return new RecordingHeader(
        associatedData, new String(keystore, US_ASCII), readAll(in, wrapped));
  }

  private static byte[] readAll(InputStream in, int size) throws IOException {
    byte[] bytes = in.readNBytes(size);
    require(bytes.length == size);
    return bytes;
  }

  static void require(boolean holds) throws RecordingException {
    if (!holds) {
      throw new RecordingException(RecordingException.Reason.FORMAT);
    }
  }

  private static SortedMap<Integer, byte[]> fields(ByteBuffer in) throws RecordingException {
    SortedMap<Integer, byte[]> fields = new TreeMap<>();
    int before = 0;
    while (in.hasRemaining()) {
      require(in.remaining() >= 3);
      int tag = in.get();
      byte[] value = new byte[Short.toUnsignedInt(in.getShort())];
      require(tag > before && tag <= METADATA && value.length <= in.remaining());
      in.get(value);
      fields.put(tag, value);
      before = tag;
    }
    require(size(fields, SEGMENT_SIZE) == 4 && size(fields, CREATED) == 8);
    int segment = ByteBuffer.wrap(fields.get(SEGMENT_SIZE)).getInt();
    require(isSegmentSize(segment));
    long created = ByteBuffer.wrap(fields.get(CREATED)).getLong();
    require(created >= 0 && created <= LATEST);
    require(fields.containsKey(CONTEXT) != fields.containsKey(CONTEXT_HASH));
    require(!fields.containsKey(CONTEXT) || size(fields, CONTEXT) >= 4);
    require(!fields.containsKey(CONTEXT_HASH) || size(fields, CONTEXT_HASH) == HASH);
    require(!fields.containsKey(MEDIA_TYPE) || isMediaType(fields.get(MEDIA_TYPE)));
    require(
        !fields.containsKey(METADATA)
            || (size(fields, METADATA) >= 4
                && ByteBuffer.wrap(fields.get(METADATA)).getInt() != 0));
    return fields;
  }

  private static int size(Map<Integer, byte[]> fields, int tag) {
    return fields.containsKey(tag) ? fields.get(tag).length : -1;
  }

  private static boolean isSegmentSize(int size) {
    return size >= MIN_SEGMENT_SIZE && size <= MAX_SEGMENT_SIZE && Integer.bitCount(size) == 1;
  }

  private static boolean isMediaType(byte[] text) {
    boolean printable = text.length >= 1 && text.length <= 255;
    for (byte c : text) {
      printable &= c >= 0x20 && c <= 0x7e;
    }
    return printable;
  }

  /** Starts a header for a DEK that was wrapped in a keystore, {@code tenants/…/keystores/…}. */
  public static Builder builder(String keystore, byte[] wrappedDek) {
    return new Builder(keystore, wrappedDek.clone());
  }

  /** What a writer says about its recording. */
  public static final class Builder {
    private final String keystore;
    private final byte[] wrappedDek;
    private int segmentSize = MIN_SEGMENT_SIZE;
    private Instant created;
    private Map<String, String> context = Map.of();
    private boolean hideContext;
    private String mediaType;
    private Map<String, String> metadata = Map.of();

    private Builder(String keystore, byte[] wrappedDek) {
      this.keystore = keystore;
      this.wrappedDek = wrappedDek;
    }

    /** Size in bytes of an encrypted segment: a power of two from 64 KiB (the default) to 1 MiB. */
    public Builder segmentSize(int bytes) {
      if (!isSegmentSize(bytes)) {
        throw new IllegalArgumentException(
            "the segment size is a power of two from 65536 to 1048576");
      }
      this.segmentSize = bytes;
      return this;
    }

    /** When the recording was created, to the millisecond; by default now. */
    public Builder created(Instant time) {
      this.created = time;
      return this;
    }

    /** The encryption context that the DEK was wrapped with; by default empty. */
    public Builder context(Map<String, String> pairs) {
      this.context = Map.copyOf(pairs);
      return this;
    }

    /**
     * Stores only a hash of the encryption context. A reader must then know the context from
     * elsewhere.
     */
    public Builder hideContext() {
      this.hideContext = true;
      return this;
    }

    /** The media type, e.g. {@code audio/wav}. */
    public Builder mediaType(String type) {
      if (!isMediaType(type.getBytes(java.nio.charset.StandardCharsets.UTF_8))) {
        throw new IllegalArgumentException(
            "a media type has 1 to 255 printable characters of ASCII");
      }
      this.mediaType = type;
      return this;
    }

    /** Free metadata. It is authentic, but not secret. */
    public Builder metadata(Map<String, String> pairs) {
      this.metadata = Map.copyOf(pairs);
      return this;
    }

    /** Completes the header with the check value of the DEK. */
    public RecordingHeader build(Dek dek) {
      long millis = (created == null ? Instant.now() : created).toEpochMilli();
      byte[] encoded = Pairs.CONTEXT.encode(context);
      SortedMap<Integer, byte[]> fields = new TreeMap<>();
      fields.put(SEGMENT_SIZE, ByteBuffer.allocate(4).putInt(segmentSize).array());
      fields.put(CREATED, ByteBuffer.allocate(8).putLong(millis).array());
      fields.put(
          hideContext ? CONTEXT_HASH : CONTEXT, hideContext ? Pairs.sha256(encoded) : encoded);
      if (mediaType != null) {
        fields.put(MEDIA_TYPE, mediaType.getBytes(US_ASCII));
      }
      if (!metadata.isEmpty()) {
        fields.put(METADATA, Pairs.METADATA.encode(metadata));
      }
      ByteArrayOutputStream description = new ByteArrayOutputStream();
      fields.forEach(
          (tag, value) -> {
            description.write(tag);
            description.write(value.length >>> 8);
            description.write(value.length);
            description.writeBytes(value);
          });
      byte[] associatedData =
          ByteBuffer.allocate(START + description.size() + HASH)
              .put(MAGIC)
              .put(VERSION)
              .putShort((short) description.size())
              .put(description.toByteArray())
              .put(commitment(dek))
              .array();
      try {
        return new RecordingHeader(associatedData, keystore, wrappedDek);
      } catch (RecordingException e) {
        throw new IllegalArgumentException(
            "the keystore, the wrapped DEK or the time is not valid", e);
      }
    }
  }

  private static byte[] commitment(Dek dek) {
    return Hkdf.derive(dek, new byte[HASH], COMMITMENT_INFO);
  }

  /**
   * The same recording with another wrapped DEK of the same DEK, as RewrapDek returns it. The body
   * of the file stays as it is.
   */
  public RecordingHeader withWrappedDek(String newKeystore, byte[] newWrappedDek) {
    try {
      return new RecordingHeader(associatedData, newKeystore, newWrappedDek.clone());
    } catch (RecordingException e) {
      throw new IllegalArgumentException("the keystore or the wrapped DEK is not valid", e);
    }
  }

  /** Refuses a context that is not the recording's. */
  void checkContext(Map<String, String> given) throws RecordingException {
    byte[] expected =
        fields.containsKey(CONTEXT_HASH)
            ? fields.get(CONTEXT_HASH)
            : Pairs.sha256(fields.get(CONTEXT));
    if (given == null
        ? context == null
        : !MessageDigest.isEqual(expected, Pairs.sha256(Pairs.CONTEXT.encode(given)))) {
      throw new RecordingException(RecordingException.Reason.CONTEXT);
    }
  }

  /** Refuses a DEK that is not the recording's. */
  void checkKey(Dek dek) throws RecordingException {
    int end = associatedData.length;
    if (!MessageDigest.isEqual(
        Arrays.copyOfRange(associatedData, end - HASH, end), commitment(dek))) {
      throw new RecordingException(RecordingException.Reason.KEY);
    }
  }

  byte[] associatedData() {
    return associatedData;
  }

  /** The header as it stands at the start of the file. */
  public byte[] toByteArray() {
    return ByteBuffer.allocate(size())
        .put(associatedData)
        .put((byte) keystore.length())
        .put(keystore.getBytes(US_ASCII))
        .putShort((short) wrappedDek.length)
        .put(wrappedDek)
        .array();
  }

  /** Size in bytes of the header. */
  public int size() {
    return associatedData.length + 1 + keystore.length() + 2 + wrappedDek.length;
  }

  /** Size in bytes of the whole file for a plaintext of a given size. */
  public long fileSize(long plaintextSize) {
    return size() + Segments.bodySize(segmentSize(), plaintextSize);
  }

  /** The keystore, {@code tenants/{tenant}/keystores/{keystore}}. */
  public String keystore() {
    return keystore;
  }

  /** The wrapped DEK, for UnwrapDek. */
  public byte[] wrappedDek() {
    return wrappedDek.clone();
  }

  /** The id of the KEK that the wrapped DEK names; empty if the bytes are too short to name one. */
  public Optional<UUID> kekId() {
    if (wrappedDek.length < 18) {
      return Optional.empty();
    }
    ByteBuffer id = ByteBuffer.wrap(wrappedDek, 2, 16);
    return Optional.of(new UUID(id.getLong(), id.getLong()));
  }

  /** The name of the KEK; empty if the wrapped DEK is too short to name one. */
  public Optional<String> kek() {
    return kekId().map(id -> keystore + "/keks/" + id);
  }

  /** The encryption context; empty if the header has only its hash. */
  public Optional<Map<String, String>> context() {
    return Optional.ofNullable(context);
  }

  /** Size in bytes of an encrypted segment. */
  public int segmentSize() {
    return ByteBuffer.wrap(fields.get(SEGMENT_SIZE)).getInt();
  }

  /** When the recording was created. */
  public Instant created() {
    return Instant.ofEpochMilli(ByteBuffer.wrap(fields.get(CREATED)).getLong());
  }

  /** The media type, e.g. {@code audio/wav}. */
  public Optional<String> mediaType() {
    return Optional.ofNullable(fields.get(MEDIA_TYPE)).map(type -> new String(type, US_ASCII));
  }

  /** Free metadata. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RecordingHeader that
        && Arrays.equals(toByteArray(), that.toByteArray());
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(associatedData), Arrays.hashCode(wrappedDek));
  }
}
