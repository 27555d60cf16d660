/**
 * Speeds beside bare crypto.subtle over the same segments, as ratios in one run: `node bench/speed.js [MiB]`, with the
 * size of a round.
 */

import {RecordingHeader, decryptStream, encryptStream} from '../keybroker.js';
import {Segments, TAG} from '../segments.js';

const MIB = 1 << 20;
const SEGMENT = 1 << 16;
const ROUNDS = 15;
/** Node compiles the code of its streams while they run. After this much of each it is done. */
const WARM_UP = 1024;
const megabytes = Number(process.argv[2] ?? 64);
const count = (megabytes * MIB) / SEGMENT;

/** Delivers the chunks one after the other. */
function source(chunks) {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(chunks[next++]);
      if (next === chunks.length) {
        controller.close();
      }
    },
  });
}

async function bare(work, {key, prefix}, segments) {
  for (let i = 0; i < segments.length; i++) {
    const iv = new Uint8Array(12);
    iv.set(prefix);
    new DataView(iv.buffer).setUint32(prefix.length, i);
    iv[11] = i === segments.length - 1 ? 1 : 0;
    await crypto.subtle[work]({name: 'AES-GCM', iv, tagLength: 8 * TAG}, key, segments[i]);
  }
}

/** Passes all through a stream, and forgets what comes out. */
async function through(chunks, stream) {
  for await (const _ of source(chunks).pipeThrough(stream));
}

/** In MiB for each second of CPU time of all threads, so that what else runs on the machine matters little. */
async function timed(work) {
  const start = process.cpuUsage();
  await work();
  const {user, system} = process.cpuUsage(start);
  return megabytes / ((user + system) / 1e6);
}

const median = (values) => values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];
const dek = crypto.getRandomValues(new Uint8Array(32));
const keystore = 'tenants/a/keystores/b';
const header = await RecordingHeader.create(dek, {keystore, wrappedDek: new Uint8Array(100)});
const plain = new Array(count).fill(new Uint8Array(SEGMENT));
const recording = [];
for await (const chunk of source(plain).pipeThrough(encryptStream(header, dek))) {
  recording.push(chunk);
}
// The first chunk is the header and the body's header, each other one a segment.
const segments = await Segments.reading(header, dek, recording[0].subarray(header.size));
const sealed = recording.slice(1);
const opened = sealed.map((segment) => plain[0].subarray(0, segment.length - TAG));
const works = {
  encrypt: [() => bare('encrypt', segments, opened), () => through(plain, encryptStream(header, dek))],
  decrypt: [() => bare('decrypt', segments, sealed), () => through(recording, decryptStream(dek))],
};

for (const [name, [bareWork, work]] of Object.entries(works)) {
  const ratios = [];
  const speeds = [];
  for (let done = 0; ratios.length < ROUNDS; done += megabytes) {
    const speed = {bare: await timed(bareWork), ours: await timed(work)};
    if (done === 0) {
      console.log(`${name}, the first ${megabytes} MiB: ${(speed.ours / speed.bare).toFixed(2)} of bare crypto.subtle`);
    } else if (done >= WARM_UP) {
      ratios.push(speed.ours / speed.bare);
      speeds.push(speed.ours);
    }
  }
  const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  console.log(`${name}: ${median(ratios).toFixed(2)} of bare crypto.subtle (${range}), ${median(speeds).toFixed(0)} MiB for each second of CPU time`);
}
