/** The header of a recording container (src/docs/recording-container.md). */

export const MIN_SEGMENT_SIZE = 1 << 16;
export const MAX_SEGMENT_SIZE = 1 << 20;

const MAGIC = [0x89, 0x4b, 0x42, 0x52, 0x0d, 0x0a, 0x1a, 0x0a];
const VERSION = 1;
const COMMITMENT_INFO = ascii('keybroker/v1 recording commitment');
const LATEST = 253402300799999;
const KEYSTORE = /^tenants\/[a-z0-9][a-z0-9-]{0,62}\/keystores\/[a-z0-9][a-z0-9-]{0,62}$/;
const [SEGMENT_SIZE, CREATED, CONTEXT, CONTEXT_HASH, MEDIA_TYPE, METADATA] = [1, 2, 3, 4, 5, 6];
const CONTEXT_LIMITS = {pairs: 16, key: 128, value: 1024, total: 8192};
const METADATA_LIMITS = {pairs: 64, key: 128, value: 4096, total: 32768};
/** No header is larger. */
export const MAX_HEADER_SIZE = 11 + 0xffff + 32 + 1 + 255 + 2 + 1024;

const TEXTS = {
  FORMAT: 'the file is not a recording container, or its header is damaged',
  VERSION: 'the recording container has a version that this library does not know',
  CONTEXT: 'the encryption context is not the one of this recording, or is hidden and was not given',
  KEY: 'the DEK is not the one of this recording',
  BODY: 'the recording was changed, or is incomplete (a recorder that crashed leaves such a file: recover it)',
};

export class RecordingError extends Error {
  constructor(reason, segment) {
    super(TEXTS[reason]);
    this.name = 'RecordingError';
    this.reason = reason;
    this.segment = segment;
  }
}

export function ascii(text) {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

function uint(value, size) {
  const bytes = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = value % 256;
    value = Math.floor(value / 256);
  }
  return bytes;
}

function toUint(bytes) {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i];
    }
  }
  return a.length - b.length;
}

/** Compares in time that depends on the sizes only. */
function same(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    difference |= a[i] ^ b[i];
  }
  return difference === 0;
}

function require(holds) {
  if (!holds) {
    throw new RecordingError('FORMAT');
  }
}

/** The canonical encoding of pairs: sorted by key in unsigned byte order of UTF-8. */
function encodePairs(pairs, limits) {
  const encoder = new TextEncoder();
  const encoded = Object.entries(pairs).map((pair) =>
    pair.map((text) => {
      if (!text.isWellFormed?.() && /[\uD800-\uDFFF]/u.test(text)) {
        throw new TypeError('a key or value has an unpaired surrogate');
      }
      return encoder.encode(text);
    }),
  );
  encoded.sort(([a], [b]) => compare(a, b));
  const total = encoded.reduce((size, [key, value]) => size + key.length + value.length, 0);
  if (encoded.some(([key, value]) => key.length < 1 || key.length > limits.key || value.length > limits.value)) {
    throw new RangeError(`a key has 1 to ${limits.key} bytes of UTF-8, a value at most ${limits.value}`);
  }
  if (encoded.length > limits.pairs || total > limits.total) {
    throw new RangeError(`at most ${limits.pairs} pairs with ${limits.total} bytes together`);
  }
  return concat(uint(encoded.length, 4), ...encoded.flat().flatMap((part) => [uint(part.length, 4), part]));
}

function decodePairs(encoded, limits) {
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  const count = toUint(encoded.subarray(0, 4));
  require(count <= limits.pairs);
  const pairs = [];
  let offset = 4;
  let before = new Uint8Array(0);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const [key, value] = [limits.key, limits.value].map((limit) => {
      require(offset + 4 <= encoded.length);
      const size = toUint(encoded.subarray(offset, offset + 4));
      offset += 4;
      require(size <= limit && offset + size <= encoded.length);
      offset += size;
      return encoded.subarray(offset - size, offset);
    });
    require(compare(before, key) < 0);
    before = key;
    total += key.length + value.length;
    try {
      pairs.push([decoder.decode(key), decoder.decode(value)]);
    } catch {
      throw new RecordingError('FORMAT');
    }
  }
  require(offset === encoded.length && total <= limits.total);
  return Object.freeze(Object.fromEntries(pairs));
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** HKDF-SHA256 (RFC 5869) of 32 bytes. */
export async function hkdf(ikm, salt, info) {
  const key = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await crypto.subtle.deriveBits({name: 'HKDF', hash: 'SHA-256', salt, info}, key, 256));
}

function commitment(dek) {
  if (dek.length < 32 || dek.length > 64) {
    throw new RangeError('a DEK of a recording has 32 to 64 bytes');
  }
  return hkdf(dek, new Uint8Array(32), COMMITMENT_INFO);
}

function parseFields(description) {
  const fields = new Map();
  let before = 0;
  for (let offset = 0; offset < description.length; ) {
    require(offset + 3 <= description.length);
    const tag = description[offset];
    const size = toUint(description.subarray(offset + 1, offset + 3));
    require(tag > before && tag <= METADATA && offset + 3 + size <= description.length);
    fields.set(tag, description.subarray(offset + 3, offset + 3 + size));
    before = tag;
    offset += 3 + size;
  }
  require(fields.get(SEGMENT_SIZE)?.length === 4 && fields.get(CREATED)?.length === 8);
  const segment = toUint(fields.get(SEGMENT_SIZE));
  require(segment >= MIN_SEGMENT_SIZE && segment <= MAX_SEGMENT_SIZE && (segment & (segment - 1)) === 0);
  require(toUint(fields.get(CREATED)) <= LATEST);
  require(fields.has(CONTEXT) !== fields.has(CONTEXT_HASH));
  require(fields.has(CONTEXT) ? fields.get(CONTEXT).length >= 4 : fields.get(CONTEXT_HASH).length === 32);
  if (fields.has(MEDIA_TYPE)) {
    const type = fields.get(MEDIA_TYPE);
    require(type.length >= 1 && type.length <= 255 && type.every((c) => c >= 0x20 && c <= 0x7e));
  }
  if (fields.has(METADATA)) {
    const metadata = fields.get(METADATA);
    require(metadata.length >= 4 && toUint(metadata.subarray(0, 4)) !== 0);
  }
  return fields;
}

/**
 * What a recording says about itself, and its wrapped DEK. It is not secret, and it is authentic only once a reader has
 * opened the recording.
 */
export class RecordingHeader {
  #fields;

  constructor(associatedData, keystore, wrappedDek) {
    this.#fields = parseFields(associatedData.subarray(11, associatedData.length - 32));
    require(KEYSTORE.test(keystore) && wrappedDek.length >= 1 && wrappedDek.length <= 1024);
    const text = (tag) => (this.#fields.has(tag) ? String.fromCharCode(...this.#fields.get(tag)) : undefined);
    this.associatedData = associatedData;
    this.keystore = keystore;
    this.wrappedDek = wrappedDek;
    this.segmentSize = toUint(this.#fields.get(SEGMENT_SIZE));
    this.created = new Date(toUint(this.#fields.get(CREATED)));
    this.mediaType = text(MEDIA_TYPE);
    const pairs = (tag, limits) =>
      this.#fields.has(tag) ? decodePairs(this.#fields.get(tag), limits) : undefined;
    this.context = pairs(CONTEXT, CONTEXT_LIMITS);
    this.metadata = pairs(METADATA, METADATA_LIMITS) ?? Object.freeze({});
    Object.freeze(this);
  }

  /** Creates the header of a new recording. */
  static async create(dek, {keystore, wrappedDek, context = {}, hideContext, mediaType, metadata, segmentSize, created}) {
    const encoded = encodePairs(context, CONTEXT_LIMITS);
    const fields = [
      [SEGMENT_SIZE, uint(segmentSize ?? MIN_SEGMENT_SIZE, 4)],
      [CREATED, uint((created ?? new Date()).getTime(), 8)],
      hideContext ? [CONTEXT_HASH, await sha256(encoded)] : [CONTEXT, encoded],
    ];
    if (mediaType !== undefined) {
      fields.push([MEDIA_TYPE, new TextEncoder().encode(mediaType)]);
    }
    if (metadata !== undefined && Object.keys(metadata).length > 0) {
      fields.push([METADATA, encodePairs(metadata, METADATA_LIMITS)]);
    }
    const description = concat(
      ...fields.flatMap(([tag, value]) => [Uint8Array.of(tag), uint(value.length, 2), value]),
    );
    const associatedData = concat(
      Uint8Array.from(MAGIC), Uint8Array.of(VERSION), uint(description.length, 2), description, await commitment(dek),
    );
    return new RecordingHeader(associatedData, keystore, wrappedDek.slice());
  }

  /**
   * Parses a header at the start of `bytes`. Returns undefined if the bytes are the start of a header that needs more
   * of them, unless `complete` says that there are none.
   */
  static parse(bytes, complete = true) {
    const need = (size) => {
      if (bytes.length >= size) {
        return true;
      }
      require(!complete);
      return false;
    };
    require(MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte));
    if (!need(9)) {
      return undefined;
    }
    if (bytes[8] !== VERSION) {
      throw new RecordingError('VERSION');
    }
    if (!need(11)) {
      return undefined;
    }
    const end = 11 + toUint(bytes.subarray(9, 11)) + 32;
    if (!need(end + 1) || !need(end + 1 + bytes[end] + 2)) {
      return undefined;
    }
    const offset = end + 1 + bytes[end];
    const size = toUint(bytes.subarray(offset, offset + 2));
    require(size <= 1024);
    if (!need(offset + 2 + size)) {
      return undefined;
    }
    return new RecordingHeader(
      bytes.slice(0, end),
      String.fromCharCode(...bytes.subarray(end + 1, offset)),
      bytes.slice(offset + 2, offset + 2 + size),
    );
  }

  toBytes() {
    return concat(
      this.associatedData, Uint8Array.of(this.keystore.length), ascii(this.keystore),
      uint(this.wrappedDek.length, 2), this.wrappedDek,
    );
  }

  /** Size in bytes of the header. */
  get size() {
    return this.associatedData.length + 3 + this.keystore.length + this.wrappedDek.length;
  }

  /** The KEK's name, which is the additional data of a sealed DEK. */
  get kek() {
    const hex = Array.from(this.wrappedDek.subarray(2, 18), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${this.keystore}/keks/${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
  }

  /** The same recording with another wrapped DEK of the same DEK. The body of the file stays as it is. */
  withWrappedDek(keystore, wrappedDek) {
    return new RecordingHeader(this.associatedData, keystore, wrappedDek.slice());
  }

  /** Returns the encryption context; refuses one that is not the recording's. */
  async checkContext(context) {
    if (context === undefined) {
      if (this.context === undefined) {
        throw new RecordingError('CONTEXT');
      }
      return this.context;
    }
    const stored = this.#fields.get(CONTEXT_HASH) ?? (await sha256(this.#fields.get(CONTEXT)));
    if (!same(stored, await sha256(encodePairs(context, CONTEXT_LIMITS)))) {
      throw new RecordingError('CONTEXT');
    }
    return context;
  }

  /** Refuses a DEK that is not the recording's. */
  async checkKey(dek) {
    if (!same(this.associatedData.subarray(-32), await commitment(dek))) {
      throw new RecordingError('KEY');
    }
  }
}
