/** The test vectors of the specification. */

import {readFileSync} from 'node:fs';
import {RecordingHeader, encryptStreamWith} from '../keybroker.js';

export const FILE = JSON.parse(
  readFileSync(new URL('../../vectors/recording-container.json', import.meta.url), 'utf8'),
);
export const CONTEXT = FILE.encryption_context;
export const hex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const DEK = hex(FILE.dek);

export function plaintext(size) {
  return Uint8Array.from({length: size}, (_, i) => i + (i >> 8) + (i >> 16));
}

export function named(name) {
  return FILE.files.find((vector) => vector.name === name);
}

export async function through(bytes, transform, pieces = bytes.length) {
  const source = new ReadableStream({
    start(controller) {
      for (let i = 0; i < bytes.length; i += pieces) {
        controller.enqueue(bytes.subarray(i, i + pieces));
      }
      controller.close();
    },
  });
  return new Uint8Array(await new Response(source.pipeThrough(transform)).arrayBuffer());
}

export function header(vector) {
  return RecordingHeader.create(DEK, {
    keystore: FILE.keystore,
    wrappedDek: hex(FILE.wrapped_dek),
    context: CONTEXT,
    hideContext: vector.hide_context,
    mediaType: vector.media_type ?? undefined,
    metadata: vector.metadata,
    segmentSize: FILE.segment_size,
    created: new Date(FILE.created_millis),
  });
}

const files = new Map();

/** The file, written with the vector's salt and nonce prefix. */
export async function written(vector) {
  if (!files.has(vector.name)) {
    const transform = encryptStreamWith(await header(vector), DEK, hex(vector.salt + vector.nonce_prefix));
    files.set(vector.name, await through(plaintext(vector.plaintext_size), transform, 50_000));
  }
  return files.get(vector.name).slice();
}

/** The file after the changes of a vector: segments, put, keep, append. */
export async function changed(vector) {
  let file = await written(named(vector.of));
  if (vector.segments) {
    const parts = [file.subarray(0, RecordingHeader.parse(file).size)];
    for (const [name, index] of vector.segments) {
      const source = await written(named(name));
      const body = source.subarray(RecordingHeader.parse(source).size);
      parts.push(body.subarray(index * FILE.segment_size, (index + 1) * FILE.segment_size));
    }
    file = new Uint8Array(Buffer.concat(parts));
  }
  for (const [offset, value] of vector.put ?? []) {
    file.set(hex(value), offset);
  }
  file = file.slice(0, vector.keep ?? file.length);
  return new Uint8Array(Buffer.concat([file, hex(vector.append ?? '')]));
}
