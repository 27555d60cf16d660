/** Compiled by types.test.js, and never run: how the types of keybroker.d.ts are used. */

import {
  RecordingError,
  RecordingHeader,
  RecordingReader,
  blobSource,
  decryptStream,
  encryptStream,
  fileSize,
  generateSessionKey,
  unsealDek,
  urlSource,
} from '../keybroker.js';
import type {Context, DekSource, Reason, SessionKey, Source} from '../keybroker.js';

export async function write(file: ReadableStream<Uint8Array>, dek: Uint8Array): Promise<ReadableStream<Uint8Array>> {
  const context: Context = {recording: '1'};
  const options = {keystore: 'tenants/a/keystores/b', wrappedDek: new Uint8Array(100), context};
  const header = await RecordingHeader.create(dek, {...options, mediaType: 'audio/wav', created: new Date()});
  const size: number = fileSize(header, 1000) + header.size + header.segmentSize;
  // @ts-expect-error: the keystore is required
  await RecordingHeader.create(dek, {wrappedDek: new Uint8Array(size)});
  // @ts-expect-error: a header is not changed
  header.keystore = 'x';
  return file.pipeThrough(encryptStream(header, dek));
}

export async function read(url: string, ask: (key: Uint8Array, header: RecordingHeader) => Promise<Uint8Array>) {
  const session: SessionKey = await generateSessionKey();
  const dek: DekSource = async (header) => unsealDek(await ask(session.publicKey, header), session, header.kek);
  const source: Source = await urlSource(url, {credentials: 'include'});
  try {
    const reader = await RecordingReader.open(source, dek, {context: {recording: '1'}});
    const bytes: Uint8Array = await reader.read(reader.size / 2, 10);
    const type: string | undefined = reader.header.mediaType;
    return {bytes, type, complete: reader.complete};
  } catch (e) {
    const reason: Reason | undefined = e instanceof RecordingError ? e.reason : undefined;
    return {reason};
  }
}

export async function readAll(blob: Blob, dek: Uint8Array): Promise<Uint8Array> {
  const needsMore: RecordingHeader | undefined = RecordingHeader.parse(new Uint8Array(9), false);
  const parsed: RecordingHeader = RecordingHeader.parse(new Uint8Array(9));
  const context: Context = await (needsMore ?? parsed).checkContext();
  const reader = await RecordingReader.open(blobSource(blob), dek, {context, recover: true});
  const plain = blob.stream().pipeThrough(decryptStream(dek));
  return reader.size > 0 ? reader.read(0, reader.size) : new Uint8Array(await new Response(plain).arrayBuffer());
}
