/** Speeds beside bare crypto.subtle over the same segments, as ratios in one run: `node bench/speed.js [MiB]`. */

import {RecordingHeader, decryptStream, encryptStream} from '../keybroker.js';

const MIB = 1 << 20;
const ROUNDS = 5;
const size = Number(process.argv[2] ?? 256) * MIB;
const chunk = new Uint8Array(1 << 16);

/** Reads the chunks over and over, up to a size. */
const source = (chunks) => {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(chunks[next++]);
      if (next === chunks.length) {
        controller.close();
      }
    },
  });
};

async function bare(segments, work) {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const results = [];
  for (let i = 0; i < segments.length; i++) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, i);
    results.push(new Uint8Array(await crypto.subtle[work]({name: 'AES-GCM', iv, tagLength: 128}, key, segments[i])));
  }
  return results;
}

async function through(chunks, stream) {
  const results = [];
  for await (const result of source(chunks).pipeThrough(stream)) {
    results.push(result);
  }
  return results;
}

/** By the CPU time of all threads, so that what else runs on the machine matters little. */
async function timed(work) {
  const start = process.cpuUsage();
  const result = await work();
  const {user, system} = process.cpuUsage(start);
  return {result, speed: size / MIB / ((user + system) / 1e6)};
}

const median = (values) => values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];
const dek = crypto.getRandomValues(new Uint8Array(32));
const plain = Array.from({length: size / chunk.length}, () => chunk);
const ratios = {encrypt: [], decrypt: []};
for (let round = -1; round < ROUNDS; round++) {
  const wrappedDek = new Uint8Array(100);
  const header = await RecordingHeader.create(dek, {keystore: 'tenants/a/keystores/b', wrappedDek});
  const bareSealed = await timed(() => bare(plain, 'encrypt'));
  const sealed = await timed(() => through(plain, encryptStream(header, dek)));
  const bareOpened = await timed(() => bare(bareSealed.result, 'decrypt'));
  const opened = await timed(() => through(sealed.result, decryptStream(dek)));
  if (round >= 0) { // The first round warms up.
    ratios.encrypt.push(sealed.speed / bareSealed.speed);
    ratios.decrypt.push(opened.speed / bareOpened.speed);
    const shown = [bareSealed, sealed, bareOpened, opened].map(({speed}) => speed.toFixed(0).padStart(6));
    console.log(`MiB for each second of CPU time: bare encrypt ${shown[0]}, encrypt ${shown[1]}, bare decrypt ${shown[2]}, decrypt ${shown[3]}`);
  }
}
for (const [name, values] of Object.entries(ratios)) {
  console.log(`${name}: ${median(values).toFixed(2)} of bare crypto.subtle`);
}
