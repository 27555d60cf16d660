/** Answers requests for a recording's plaintext from its encrypted segments. */

import {RecordingReader} from '../keybroker.js';
import {parseRange} from './ranges.js';

/** Bytes that are decrypted ahead of a stream, at least one segment. */
const READ_AHEAD = 256 * 1024;
const TAG = 16;
const BODY_HEADER = 40;

/** Decrypted segments in memory, the least recently used ones of all recordings leaving first. */
export class SegmentCache {
  #limit;
  #entries = new Map();
  #bytes = 0;

  constructor(limit) {
    this.#limit = limit;
  }

  /** Bytes that it counts now. */
  get bytes() {
    return this.#bytes;
  }

  /** Returns the promise of a segment, by `load` if it is not here. A failed one is not kept. */
  get(owner, index, size, load) {
    const key = `${owner}/${index}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {owner, size, segment: load()};
      this.#bytes += size;
      entry.segment.catch(() => this.#drop(key, entry));
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const [oldest, other] of this.#entries) {
      if (this.#bytes <= this.#limit || oldest === key) {
        break;
      }
      this.#drop(oldest, other);
    }
    return entry.segment;
  }

  forget(owner) {
    for (const [key, entry] of this.#entries) {
      if (entry.owner === owner) {
        this.#drop(key, entry);
      }
    }
  }

  #drop(key, entry) {
    if (this.#entries.get(key) === entry) {
      this.#entries.delete(key);
      this.#bytes -= entry.size;
    }
  }
}

/** A request that comes after the recording's key was forgotten. */
export class ClosedError extends Error {
  constructor() {
    super('the recording was closed');
    this.name = 'ClosedError';
  }
}

/** An open recording. The DEK is overwritten once the reader has derived its own key, which is not extractable. */
export class Playback {
  static #opened = 0;
  #owner = Playback.#opened++;
  #reader;
  #cache;
  #type;
  #etag;
  #step;

  /**
   * @param source of openObject
   * @param getDek a function that returns a promise of the DEK, for a header
   * @param mediaType instead of the header's
   */
  static async open(source, getDek, {cache, context, mediaType}) {
    let dek;
    try {
      const reader = await RecordingReader.open(source, async (header) => (dek = await getDek(header)), {context});
      const playback = new Playback();
      playback.#reader = reader;
      playback.#cache = cache;
      playback.#type = safeType(mediaType ?? reader.header.mediaType);
      playback.#etag = `"${identity(reader.header)}-${reader.size}"`;
      playback.#step = reader.header.segmentSize - TAG;
      return playback;
    } finally {
      dek?.fill(0);
    }
  }

  /** The number of segments. */
  get segments() {
    return Math.ceil((this.#reader.size + BODY_HEADER) / this.#step);
  }

  /** Forgets the key and what was decrypted. Streams that are under way fail. */
  close() {
    this.#reader = undefined;
    this.#cache.forget(this.#owner);
  }

  /**
   * Answers a request. It decrypts the first segment that the answer needs before it returns, so that a failure there is
   * a failure of this method.
   *
   * @param onfailure called with the error if the body of the answer fails later
   */
  async respond(request, onfailure) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, {status: 405, headers: {Allow: 'GET, HEAD'}});
    }
    const {size} = this.#open();
    const headers = {
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'no-store',
      'Content-Type': this.#type,
      'ETag': this.#etag,
      // The type and the bytes come from whoever made the recording, and must not become a page or a script.
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
    };
    if (request.method === 'HEAD') {
      return new Response(null, {headers: {...headers, 'Content-Length': `${size}`}});
    }
    const condition = request.headers.get('If-Range');
    const applies = condition === null || condition === this.#etag;
    const range = applies ? parseRange(request.headers.get('Range'), size) : undefined;
    if (range !== undefined && range.end === undefined) {
      return new Response(null, {status: 416, headers: {...headers, 'Content-Range': `bytes */${size}`}});
    }
    const {start, end} = range ?? {start: 0, end: size};
    await this.#segment(this.#indexOf(start));
    headers['Content-Length'] = `${end - start}`;
    if (range !== undefined) {
      headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`;
    }
    return new Response(this.#stream(start, end, onfailure), {status: range === undefined ? 200 : 206, headers});
  }

  /** Decrypts when the consumer asks, and a little ahead of it. */
  #stream(start, end, onfailure) {
    let position = start;
    return new ReadableStream(
      {
        pull: async (controller) => {
          try {
            if (position < end) {
              const index = this.#indexOf(position);
              this.#readAhead(index + 1, this.#indexOf(end - 1));
              const segment = await this.#segment(index);
              const from = position - this.#startOf(index);
              const part = segment.slice(from, from + end - position);
              position += part.length;
              controller.enqueue(part);
            }
            if (position === end) {
              controller.close();
            }
          } catch (e) {
            onfailure(e);
            controller.error(e);
          }
        },
      },
      {highWaterMark: 0},
    );
  }

  #readAhead(first, last) {
    const count = Math.max(1, Math.floor(READ_AHEAD / this.#step));
    for (let index = first; index <= Math.min(last, first + count - 1); index++) {
      // If it fails, so does the read that needs it, which tries again.
      this.#segment(index).catch(() => {});
    }
  }

  async #segment(index) {
    const reader = this.#open();
    const segment = await this.#cache.get(this.#owner, index, this.#step, () => {
      const start = this.#startOf(index);
      return reader.read(start, this.#startOf(index + 1) - start);
    });
    this.#open();
    return segment;
  }

  #open() {
    if (this.#reader === undefined) {
      throw new ClosedError();
    }
    return this.#reader;
  }

  #indexOf(position) {
    return Math.floor((position + BODY_HEADER) / this.#step);
  }

  #startOf(index) {
    return Math.max(0, index * this.#step - BODY_HEADER);
  }
}

/** The check value of the DEK, which is the recording's for ever: a rewrap does not change it. */
export function identity(header) {
  return Array.from(header.associatedData.slice(-32), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function safeType(type) {
  return /^(audio|video)\/[\w.+-]+(;.*)?$/.test(type ?? '') ? type : 'application/octet-stream';
}
