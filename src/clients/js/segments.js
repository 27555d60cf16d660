/** The segments of a body: Tink's AES256-GCM-HKDF streaming format. */

import {RecordingError, hkdf} from './header.js';

const SALT = 32;
const PREFIX = 7;
export const TAG = 16;
export const BODY_HEADER = 1 + SALT + PREFIX;
const MAX_SEGMENTS = 2 ** 32;

/** Segment 0 starts with the body's header of 40 bytes. */
export class Segments {
  static async create(header, dek, salt, prefix) {
    const derived = await hkdf(dek, salt, header.associatedData);
    const segments = new Segments();
    segments.size = header.segmentSize;
    segments.prefix = prefix;
    segments.key = await crypto.subtle.importKey('raw', derived, 'AES-GCM', false, ['encrypt', 'decrypt']);
    derived.fill(0);
    return segments;
  }

  static async reading(header, dek, bodyHeader) {
    if (bodyHeader.length < BODY_HEADER || bodyHeader[0] !== BODY_HEADER) {
      throw new RecordingError('BODY');
    }
    return Segments.create(
      header, dek, bodyHeader.slice(1, 1 + SALT), bodyHeader.slice(1 + SALT, BODY_HEADER),
    );
  }

  static offset(index) {
    return index === 0 ? BODY_HEADER : 0;
  }

  capacity(index) {
    return this.size - TAG - Segments.offset(index);
  }

  #parameters(index, last) {
    const iv = new Uint8Array(12);
    iv.set(this.prefix);
    new DataView(iv.buffer).setUint32(PREFIX, index);
    iv[11] = last ? 1 : 0;
    return {name: 'AES-GCM', iv, tagLength: 8 * TAG};
  }

  async seal(index, last, plaintext) {
    if (index >= MAX_SEGMENTS) {
      throw new RangeError('the recording has too many segments: use larger ones');
    }
    return new Uint8Array(await crypto.subtle.encrypt(this.#parameters(index, last), this.key, plaintext));
  }

  /** Decrypts a segment; undefined if it is not authentic in this place. */
  async open(index, last, segment) {
    const ciphertext = segment.subarray(Segments.offset(index));
    // A last segment is empty only if it is the first.
    if (index >= MAX_SEGMENTS || ciphertext.length < TAG + (index === 0 ? 0 : 1)) {
      return undefined;
    }
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.#parameters(index, last), this.key, ciphertext));
    } catch (e) {
      if (e.name === 'OperationError') {
        return undefined;
      }
      throw e;
    }
  }
}
