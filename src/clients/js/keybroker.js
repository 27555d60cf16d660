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
  let filled = 0;
  let index = 0;
  return new TransformStream({
    async start(controller) {
      await header.checkKey(dek);
      segments = await Segments.create(header, dek, nonce.slice(0, 32), nonce.slice(32));
      controller.enqueue(concat(header.toBytes(), Uint8Array.of(BODY_HEADER), nonce));
    },
    async transform(chunk, controller) {
      for (let done = 0; done < chunk.length; ) {
        if (filled === segments.capacity(index)) {
          controller.enqueue(await segments.seal(index++, false, plaintext.subarray(0, filled)));
          filled = 0;
        }
        const part = chunk.subarray(done, done + segments.capacity(index) - filled);
        plaintext.set(part, filled);
        filled += part.length;
        done += part.length;
      }
    },
    async flush(controller) {
      controller.enqueue(await segments.seal(index, true, plaintext.subarray(0, filled)));
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
  let index = 0;
  let ended = false;
  let buffer = new Uint8Array(0);
  let pending = [];
  let pendingSize = 0;

  function gather() {
    buffer = concat(buffer, ...pending);
    pending = [];
    pendingSize = 0;
  }

  async function open(controller, last) {
    const size = header.segmentSize;
    const segment = buffer.subarray(0, size);
    let plaintext = await segments.open(index, last, segment);
    if (plaintext === undefined && recover && last && segment.length === size) {
      plaintext = await segments.open(index, false, segment);
    }
    if (plaintext === undefined) {
      if (!recover) {
        throw new RecordingError('BODY', index);
      }
      ended = true;
      return;
    }
    if (plaintext.length > 0) {
      controller.enqueue(plaintext);
    }
    buffer = buffer.subarray(size);
    index++;
  }

  async function advance(controller, complete) {
    if (header === undefined) {
      header = RecordingHeader.parse(buffer, complete);
      if (header === undefined) {
        return;
      }
      buffer = buffer.slice(header.size);
      await header.checkContext(context);
      const key = await (typeof dek === 'function' ? dek(header) : dek);
      await header.checkKey(key);
      dek = key;
    }
    if (segments === undefined) {
      if (buffer.length < BODY_HEADER && !complete) {
        return;
      }
      segments = await Segments.reading(header, dek, buffer);
      dek = undefined;
    }
    // One byte beyond a segment shows that it is not the last one.
    while (!ended && buffer.length > header.segmentSize) {
      await open(controller, false);
    }
    if (complete && !ended) {
      await open(controller, true);
    }
  }

  return new TransformStream({
    async transform(chunk, controller) {
      if (ended) {
        return;
      }
      pending.push(chunk);
      pendingSize += chunk.length;
      // Copied together once a segment is complete, not for each chunk.
      if (segments === undefined || buffer.length + pendingSize > header.segmentSize) {
        gather();
        await advance(controller, false);
      }
    },
    async flush(controller) {
      gather();
      await advance(controller, true);
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

  /** Reads up to `length` bytes at a position; fewer only at the end of the recording. */
  async read(position, length) {
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
