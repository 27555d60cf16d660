/** Encrypted recordings of keybroker (src/docs/recording-container.md), on WebCrypto, for browsers and Node 20. */

import {MAX_HEADER_SIZE, RecordingError, RecordingHeader, concat} from './header.js';
import {BODY_HEADER, Segments, TAG} from './segments.js';

export {RecordingError, RecordingHeader} from './header.js';
export {generateSessionKey, unsealDek} from './hpke.js';

/** Size in bytes of the whole file for a plaintext of a given size. */
export function fileSize(header, plaintextSize) {
  const segments = Math.ceil((plaintextSize + BODY_HEADER) / (header.segmentSize - TAG));
  return header.size + BODY_HEADER + plaintextSize + TAG * segments;
}

/** How many segments of a stream are in work beside the one that is being filled. */
const AHEAD = 3;

/** Passes on the results of some works at a time, in the order in which they were started. */
class InOrder {
  #deliver;
  #last = Promise.resolve();
  #running = [];

  constructor(deliver) {
    this.#deliver = deliver;
  }

  /** Waits if too many are running; fails if one before it failed. */
  async add(work) {
    const before = this.#last;
    const delivered = Promise.all([work, before]).then(([result]) => this.#deliver(result));
    delivered.catch(() => {}); // Whoever waits for it sees the failure.
    this.#last = delivered;
    this.#running.push(delivered);
    if (this.#running.length > AHEAD) {
      await this.#running.shift();
    }
  }

  /** Waits for all. */
  async end() {
    await this.#last;
  }
}

/**
 * A TransformStream that encrypts. Until its writable side is closed the file is incomplete, and readers refuse it. A DEK
 * encrypts one recording.
 */
export function encryptStream(header, dek) {
  return encryptStreamWith(header, dek, crypto.getRandomValues(new Uint8Array(39)));
}

/** With a given salt and nonce prefix: deterministic, for test vectors. */
export function encryptStreamWith(header, dek, nonce) {
  const plaintext = new Uint8Array(header.segmentSize);
  let segments;
  let sealed;
  let filled = 0;
  let index = 0;
  return new TransformStream({
    async start(controller) {
      await header.checkKey(dek);
      segments = await Segments.create(header, dek, nonce.slice(0, 32), nonce.slice(32));
      sealed = new InOrder((segment) => controller.enqueue(segment));
      controller.enqueue(concat(header.toBytes(), Uint8Array.of(BODY_HEADER), nonce));
    },
    async transform(chunk) {
      for (let done = 0; done < chunk.length; ) {
        if (filled === segments.capacity(index)) {
          // WebCrypto copies the plaintext before this returns, so the next one may overwrite it.
          await sealed.add(segments.seal(index++, false, plaintext.subarray(0, filled)));
          filled = 0;
        }
        const part = chunk.subarray(done, done + segments.capacity(index) - filled);
        plaintext.set(part, filled);
        filled += part.length;
        done += part.length;
      }
    },
    async flush() {
      await sealed.add(segments.seal(index, true, plaintext.subarray(0, filled)));
      await sealed.end();
      plaintext.fill(0);
    },
  });
}

/**
 * A TransformStream that decrypts a whole file. It ends without an error only if the recording is complete; every byte
 * before its end is authentic.
 *
 * @param dek the DEK, or a function that gets it for the header, or a promise of either
 * @param options context: undefined if the header's own is trusted; recover: read what there is of an incomplete
 *     recording
 */
export function decryptStream(dek, {context, recover = false} = {}) {
  let header;
  let segments;
  let opened;
  let start = new Uint8Array(0);
  let segment;
  let filled = 0;
  let index = 0;
  let ended = false;

  function deliver(controller) {
    return ({plaintext, index}) => {
      if (ended) {
        return;
      }
      if (plaintext === undefined) {
        if (!recover) {
          throw new RecordingError('BODY', index);
        }
        ended = true;
      } else if (plaintext.length > 0) {
        controller.enqueue(plaintext);
      }
    };
  }

  async function open(index, last, segment) {
    return {plaintext: await segments.open(index, last, segment), index};
  }

  /** Whether the header and the body's header are read; the rest is then in `start`. */
  async function begin(controller, complete) {
    if (header === undefined) {
      header = RecordingHeader.parse(start, complete);
      if (header === undefined) {
        return false;
      }
      start = start.slice(header.size);
      await header.checkContext(context);
      const key = await (typeof dek === 'function' ? dek(header) : dek);
      await header.checkKey(key);
      dek = key;
    }
    if (start.length < BODY_HEADER && !complete) {
      return false;
    }
    segments = await Segments.reading(header, dek, start);
    dek = undefined;
    segment = new Uint8Array(header.segmentSize);
    opened = new InOrder(deliver(controller));
    return true;
  }

  async function body(chunk) {
    for (let done = 0; done < chunk.length && !ended; ) {
      // One byte beyond a segment shows that it is not the last one.
      if (filled === segment.length) {
        // WebCrypto copies the segment before this returns, so the next one may overwrite it.
        await opened.add(open(index, false, segment));
        index++;
        filled = 0;
      }
      const part = chunk.subarray(done, done + segment.length - filled);
      segment.set(part, filled);
      filled += part.length;
      done += part.length;
    }
  }

  return new TransformStream({
    async transform(chunk, controller) {
      if (segments !== undefined) {
        await body(chunk);
        return;
      }
      start = concat(start, chunk);
      if (await begin(controller, false)) {
        await body(start);
        start = undefined;
      }
    },
    async flush(controller) {
      if (segments === undefined) {
        await begin(controller, true);
        await body(start);
      }
      await opened.end();
      if (ended) {
        return;
      }
      const last = segment.subarray(0, filled);
      let result = await open(index, true, last);
      if (result.plaintext === undefined && recover && filled === segment.length) {
        result = await open(index, false, last);
      }
      deliver(controller)(result);
    },
  });
}

/** A source of bytes for RecordingReader: a Blob or File. */
export function blobSource(blob) {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** A source of bytes for RecordingReader: a URL whose server answers Range requests, e.g. a pre-signed one. */
export async function urlSource(url, fetchOptions = {}) {
  const get = async (offset, length) => {
    const headers = {...fetchOptions.headers, Range: `bytes=${offset}-${offset + length - 1}`};
    const response = await fetch(url, {...fetchOptions, headers});
    if (response.status !== 206) {
      await response.body?.cancel();
      throw new Error(`the server answered a Range request with ${response.status}`);
    }
    return response;
  };
  const first = await get(0, 1);
  await first.body?.cancel();
  const size = Number(/\/(\d+)$/.exec(first.headers.get('Content-Range') ?? '')?.[1]);
  if (!Number.isSafeInteger(size)) {
    throw new Error('the server does not say how large the file is (Content-Range)');
  }
  return {size, read: async (offset, length) => new Uint8Array(await (await get(offset, length)).arrayBuffer())};
}

/**
 * Decrypts at any position. It authenticates the last segment when it opens, so that the size is authentic, and after
 * that reads only the segments that it needs.
 */
export class RecordingReader {
  #source;
  #segments;
  #body;
  #bodySize;
  #count;
  #loaded;

  /**
   * @param source an object with size and read(offset, length)
   * @param dek the DEK, or a function that gets it for the header, or a promise of either
   */
  static async open(source, dek, {context, recover = false} = {}) {
    const start = await source.read(0, Math.min(source.size, 4096));
    const header =
      RecordingHeader.parse(start, source.size <= start.length) ??
      RecordingHeader.parse(await source.read(0, Math.min(source.size, MAX_HEADER_SIZE)));
    await header.checkContext(context);
    const key = await (typeof dek === 'function' ? dek(header) : dek);
    await header.checkKey(key);
    const reader = new RecordingReader();
    reader.header = header;
    reader.#source = source;
    reader.#body = header.size;
    reader.#bodySize = source.size - header.size;
    const bodyHeader = await source.read(header.size, Math.min(BODY_HEADER, reader.#bodySize));
    reader.#segments = await Segments.reading(header, key, bodyHeader);
    await reader.#begin(recover);
    return reader;
  }

  async #begin(recover) {
    const segmentSize = this.header.segmentSize;
    this.#count = Math.max(1, Math.ceil(this.#bodySize / segmentSize));
    this.complete = (await this.#load(this.#count - 1, true)) !== undefined;
    if (this.complete) {
      this.size = this.#bodySize - BODY_HEADER - TAG * this.#count;
      return;
    }
    if (!recover) {
      throw new RecordingError('BODY', this.#count - 1);
    }
    this.#count = 0;
    while (
      (this.#count + 1) * segmentSize <= this.#bodySize &&
      (await this.#load(this.#count, false)) !== undefined
    ) {
      this.#count++;
    }
    this.size = Math.max(0, this.#count * (segmentSize - TAG) - BODY_HEADER);
  }

  async #load(index, last) {
    if (this.#loaded?.index === index) {
      return this.#loaded.plaintext;
    }
    const start = index * this.header.segmentSize;
    const length = Math.min(this.header.segmentSize, this.#bodySize - start);
    const segment = await this.#source.read(this.#body + start, length);
    const plaintext = await this.#segments.open(index, last, segment);
    this.#loaded = plaintext && {index, plaintext};
    return plaintext;
  }

  /** Reads up to `length` bytes at a position; fewer only at the end of the recording. Fractions are cut off. */
  async read(position, length) {
    if (!(position >= 0 && length >= 0)) {
      throw new RangeError('the position or the length is negative, or not a number');
    }
    position = Math.floor(position);
    length = Math.floor(length);
    const end = Math.min(position + length, this.size);
    const step = this.header.segmentSize - TAG;
    const parts = [];
    while (position < end) {
      const index = Math.floor((position + BODY_HEADER) / step);
      const plaintext = await this.#load(index, this.complete && index === this.#count - 1);
      if (plaintext === undefined) {
        throw new RecordingError('BODY', index);
      }
      const start = position + BODY_HEADER - index * step - Segments.offset(index);
      const part = plaintext.subarray(start, start + end - position);
      parts.push(part);
      position += part.length;
    }
    return concat(...parts);
  }
}
