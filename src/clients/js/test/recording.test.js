/** Streams and reader against the test vectors, and what they do beyond them. */

import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {test} from 'node:test';
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
import {concat} from '../header.js';
import * as hpke from '../hpke.js';
import {CONTEXT, DEK, FILE, changed, header, hex, named, plaintext, through, written} from './vectors.js';

const SEGMENT = 1 << 16;

const streamed = (file, dek, options) => through(file, decryptStream(dek, options), 40_000);

async function sought(file, dek, options) {
  const reader = await RecordingReader.open(blobSource(new Blob([file])), dek, options);
  return reader.read(0, reader.size);
}

for (const vector of FILE.files) {
  test(`written and read: ${vector.name}`, async () => {
    const file = await written(vector);
    assert.equal(createHash('sha256').update(file).digest('hex'), vector.sha256);
    const parsed = RecordingHeader.parse(file);
    assert.deepEqual(parsed.toBytes(), (await header(vector)).toBytes());
    assert.equal(parsed.kek, `${FILE.keystore}/keks/0d9e6c1a-7f3b-4c52-9a80-000000000004`);
    assert.deepEqual({...parsed.metadata}, vector.metadata);
    assert.equal(fileSize(parsed, vector.plaintext_size), file.length);
    for (const recover of [false, true]) {
      const options = {context: CONTEXT, recover};
      assert.deepEqual(await streamed(file, DEK, options), plaintext(vector.plaintext_size));
      assert.deepEqual(await sought(file, DEK, options), plaintext(vector.plaintext_size));
    }
  });
}

for (const vector of FILE.refused) {
  test(`refused: ${vector.name}`, async () => {
    const file = await changed(vector);
    const dek = hex(vector.dek ?? FILE.dek);
    const context = 'encryption_context' in vector ? (vector.encryption_context ?? undefined) : CONTEXT;
    for (const read of [streamed, sought]) {
      await assert.rejects(read(file, dek, {context}), (e) => {
        assert.ok(e instanceof RecordingError, e.stack);
        assert.equal(e.reason, vector.reason);
        return true;
      });
    }
  });
}

for (const vector of FILE.recovered) {
  test(`recovered: ${vector.name}`, async () => {
    const file = await changed(vector);
    const options = {context: CONTEXT, recover: true};
    assert.deepEqual(await streamed(file, DEK, options), plaintext(vector.plaintext_size));
    assert.deepEqual(await sought(file, DEK, options), plaintext(vector.plaintext_size));
    const reader = await RecordingReader.open(blobSource(new Blob([file])), DEK, options);
    assert.equal(reader.complete, false);
  });
}

test('files of other clients are read, and one is written for them', {
  skip: process.env.KEYBROKER_FILES ? false : 'KEYBROKER_FILES: a folder of files of other clients',
}, async () => {
  const folder = process.env.KEYBROKER_FILES;
  for (const name of readdirSync(folder)) {
    const file = new Uint8Array(readFileSync(join(folder, name)));
    assert.deepEqual(await streamed(file, DEK, {context: CONTEXT}), plaintext(200_000), name);
    assert.deepEqual(await sought(file, DEK), plaintext(200_000), name);
  }
  const transform = encryptStream(await header(named('all fields')), DEK);
  writeFileSync(join(folder, 'js.kbr'), await through(plaintext(200_000), transform));
});

test('reads at any position give the plaintext there, and only the segments that they need', async () => {
  const content = plaintext(3 * SEGMENT + 12_345);
  const file = await through(content, encryptStream(await header(named('empty')), DEK));
  let bytes = 0;
  const blob = blobSource(new Blob([file]));
  const source = {
    size: blob.size,
    read: (offset, length) => {
      bytes += length;
      return blob.read(offset, length);
    },
  };
  const reader = await RecordingReader.open(source, DEK);
  assert.equal(reader.size, content.length);
  let random = 1;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  for (let i = 0; i < 200; i++) {
    const [at, size] = [next(content.length + 1), next(i % 5 === 0 ? 2 * SEGMENT : 100)];
    assert.deepEqual(await reader.read(at, size), content.subarray(at, at + size));
  }
  await reader.read(0, 1);
  bytes = 0;
  await reader.read(SEGMENT, 100);
  await reader.read(SEGMENT + 100, 100);
  assert.equal(bytes, SEGMENT);
});

test('a position that is not one is refused, and a fraction is cut off', async () => {
  const content = plaintext(2 * SEGMENT + 1);
  const file = await through(content, encryptStream(await header(named('empty')), DEK));
  const reader = await RecordingReader.open(blobSource(new Blob([file])), DEK);
  for (const [position, length] of [[-1, 5], [0, -1], [NaN, 5], [0, undefined]]) {
    await assert.rejects(reader.read(position, length), RangeError);
  }
  assert.deepEqual(await reader.read(reader.size / 2, SEGMENT), content.subarray(SEGMENT, 2 * SEGMENT));
  assert.deepEqual(await reader.read(0, Infinity), content);
  assert.deepEqual(await reader.read(reader.size + 1, 1), new Uint8Array(0));
});

test('a stream that nobody reads takes no more than four segments, and one that fails gives nothing beyond', async () => {
  const content = plaintext(40 * SEGMENT);
  const head = await header(named('empty'));
  const file = await through(content, encryptStream(head, DEK));
  for (const [transform, input] of [[decryptStream(DEK), file], [encryptStream(head, DEK), content]]) {
    let taken = 0;
    const source = new ReadableStream({
      pull(controller) {
        controller.enqueue(input.subarray(taken, taken + SEGMENT));
        taken += SEGMENT;
      },
    });
    const reader = source.pipeThrough(transform).getReader();
    await reader.read();
    for (let before = -1; before !== taken; ) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // One more that was read, one in the source's queue, and one in the queue between.
    assert.ok(taken <= 7 * SEGMENT, `${taken / SEGMENT}`);
    await reader.cancel();
  }

  file[head.size + 20 * SEGMENT + 99] ^= 1;
  const reader = new Blob([file]).stream().pipeThrough(decryptStream(DEK)).getReader();
  let passed = 0;
  await assert.rejects(async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      assert.deepEqual(part.value, content.subarray(passed, passed + part.value.length));
      passed += part.value.length;
    }
  }, (e) => e instanceof RecordingError && e.reason === 'BODY' && e.segment === 20);
  assert.ok(passed <= 20 * (SEGMENT - 16) - 40);
  await assert.rejects(reader.read(), RecordingError);
});

test('a URL is read by Range requests', async (t) => {
  const file = await written(named('three segments'));
  let fetched = 0;
  const server = createServer((request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    if (request.url === '/whole') {
      response.end(file);
      return;
    }
    const part = file.subarray(Number(first), Number(last) + 1);
    fetched += part.length;
    response.writeHead(206, {'Content-Range': `bytes ${first}-${last}/${file.length}`});
    response.end(part);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const reader = await RecordingReader.open(await urlSource(`${url}/ranges`), async () => DEK, {context: CONTEXT});
  fetched = 0;
  assert.deepEqual(await reader.read(70_000, 10), plaintext(70_010).subarray(70_000));
  assert.equal(fetched, SEGMENT);
  await assert.rejects(urlSource(`${url}/whole`), /Range request with 200/);
});

test('a sealed DEK opens, as in RFC 9180 A.3.1', async () => {
  const resource = (name) => new URL(`../../../test/resources/${name}`, import.meta.url);
  const file = JSON.parse(readFileSync(resource('hpke-seal-vectors.json'), 'utf8'));
  const vector = file.vectors.find((it) => it.name.includes('P-256'));
  const b64 = (text) => Buffer.from(text, 'hex').toString('base64url');
  const point = vector.pkRm;
  const jwk = {kty: 'EC', crv: 'P-256', x: b64(point.slice(2, 66)), y: b64(point.slice(66)), d: b64(vector.skRm)};
  const privateKey = await crypto.subtle.importKey('jwk', jwk, {name: 'ECDH', namedCurve: 'P-256'}, false, [
    'deriveBits',
  ]);
  const key = {privateKey, publicKey: hex(point)};
  const sealed = hex(vector.pkEm + vector.ct);
  const opened = await hpke.open(sealed, key, hex(file.info), hex(file.aad), {id: 1, keySize: 16});
  assert.deepEqual(opened, hex(file.pt));
  await assert.rejects(hpke.open(sealed, key, hex(file.info), hex('00'), {id: 1, keySize: 16}));
});

test('session keys are not extractable, and of the form that the broker takes', async () => {
  const {privateKey, publicKey} = await generateSessionKey();
  assert.equal(publicKey.length, 65);
  await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey));
  await assert.rejects(unsealDek(new Uint8Array(113), {privateKey, publicKey}, 'tenants/a/keystores/b/keks/c'));
});

test('mutated files are refused, or read as the same recording', async () => {
  const original = await written(named('three segments'));
  const content = plaintext(named('three segments').plaintext_size);
  const start = RecordingHeader.parse(original).size;
  let random = 20_261_128;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    let file = original.slice();
    for (let changes = 1 + next(2); changes > 0; changes--) {
      file[next(i % 2 === 0 ? start + 60 : file.length)] ^= 1 << next(8);
    }
    if (i % 5 === 0) {
      file = i % 10 === 0 ? file.slice(0, next(file.length)) : new Uint8Array([...file, next(256)]);
    }
    for (const read of [streamed, sought]) {
      try {
        assert.deepEqual(await read(file, DEK, {context: CONTEXT}), content);
      } catch (e) {
        assert.ok(e instanceof RecordingError, e.stack);
        refused++;
      }
    }
  }
  // The rest were changes of the envelope, which the unwrap authenticates.
  assert.ok(refused > 400 && refused < 600, `${refused}`);
});

test('mutated headers are refused or read back the same', async () => {
  const originals = [];
  for (const name of ['all fields', 'context hidden']) {
    originals.push((await header(named(name))).toBytes());
  }
  let random = 20_261_127;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  let read = 0;
  for (let i = 0; i < 10_000; i++) {
    const bytes = originals[i % 2].slice();
    for (let changes = 1 + next(3); changes > 0; changes--) {
      bytes[next(bytes.length)] = next(256);
    }
    const data = bytes.subarray(0, bytes.length - (i % 7 === 0 ? next(60) : 0));
    try {
      const parsed = RecordingHeader.parse(data);
      assert.deepEqual(parsed.toBytes(), data.slice(0, parsed.size));
      read++;
    } catch (e) {
      assert.ok(e instanceof RecordingError && ['FORMAT', 'VERSION'].includes(e.reason), e.stack);
    }
  }
  assert.ok(read > 500, `${read}`);
});

test('mutated bodies are refused, and recovered to what is authentic', async () => {
  const content = plaintext(3 * SEGMENT + 12_345);
  const head = await header(named('empty'));
  const original = await through(content, encryptStream(head, DEK));
  let random = 20_261_128;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  for (let i = 0; i < 200; i++) {
    let file = original.slice();
    const at = head.size + next(file.length - head.size);
    if (i % 4 === 0) {
      file = file.subarray(0, at);
    } else if (i % 4 === 1) {
      file = concat(file.subarray(0, at), Uint8Array.of(next(256)), file.subarray(at));
    } else {
      file[at] ^= 1 + next(255);
    }
    for (const read of [streamed, sought]) {
      await assert.rejects(read(file, DEK), (e) => e instanceof RecordingError && e.reason === 'BODY');
    }
    if (at >= head.size + 40) {
      const recovered = await streamed(file, DEK, {recover: true});
      const whole = Math.max(0, Math.floor((at - head.size) / SEGMENT) * (SEGMENT - 16) - 40);
      assert.deepEqual(recovered, content.subarray(0, whole));
    }
  }
});
