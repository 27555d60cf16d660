/** Requests for recordings, and what they fetch from the storage. */

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {after, before, test} from 'node:test';
import {RecordingError, RecordingHeader, encryptStream} from '../../keybroker.js';
import {CONTEXT, DEK, header, named, plaintext, through} from '../../test/vectors.js';
import {ClosedError, Playback, SegmentCache} from '../playback.js';
import {StorageError, openObject} from '../storage.js';
import {storage} from '../sample/storage.js';

const SEGMENT = 1 << 16;
const SIZE = 40 * SEGMENT + 12_345;
const CONTENT = plaintext(SIZE);
const objects = storage(() => '*');

before(async () => {
  objects.server.listen(0, '127.0.0.1');
  await once(objects.server, 'listening');
  await put('recording', CONTENT);
});
after(() => objects.server.close().closeAllConnections());

async function put(name, content, vector = 'empty') {
  objects.put(name, await through(content, encryptStream(await header(named(vector)), DEK)));
}

async function open(name = 'recording', options = {}) {
  const source = await openObject(() => objects.presign(name));
  return Playback.open(source, async () => DEK.slice(), {cache: new SegmentCache(8 * SEGMENT), context: CONTEXT, ...options});
}

const request = (headers = {}, method = 'GET') => new Request('https://page.example/recording', {method, headers});
const never = (e) => assert.fail(e);
const bytes = async (response) => new Uint8Array(await response.arrayBuffer());

test('any range is the plaintext there', async () => {
  const playback = await open();
  let random = 7;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  for (let i = 0; i < 100; i++) {
    const first = next(SIZE);
    const last = Math.min(SIZE - 1, first + next(i % 3 === 0 ? 5 * SEGMENT : 1000));
    const response = await playback.respond(request({Range: `bytes=${first}-${last}`}), never);
    assert.equal(response.status, 206);
    assert.equal(response.headers.get('Content-Range'), `bytes ${first}-${last}/${SIZE}`);
    assert.equal(response.headers.get('Content-Length'), `${last + 1 - first}`);
    assert.deepEqual(await bytes(response), CONTENT.subarray(first, last + 1));
  }
  assert.deepEqual(await bytes(await playback.respond(request(), never)), CONTENT);
});

test('a range fetches its segments, and a stream that nobody reads no more than the first', async () => {
  const playback = await open();
  objects.requests.length = 0;
  await bytes(await playback.respond(request({Range: `bytes=${10 * SEGMENT}-${11 * SEGMENT}`}), never));
  assert.equal(objects.requests.length, 2);
  objects.requests.length = 0;
  const response = await playback.respond(request({Range: `bytes=${20 * SEGMENT}-`}), never);
  assert.equal(objects.requests.length, 1);
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  // What is read ahead was asked for before the first part was returned.
  await playback.respond(request({Range: `bytes=${24 * SEGMENT}-${24 * SEGMENT}`}), never);
  assert.deepEqual(new Set(objects.requests.map(({first}) => first)).size, 5);
  assert.ok(objects.requests.every(({first, last}) => last - first < SEGMENT));
});

test('decrypted segments are kept within the bound, for all recordings together', async () => {
  const cache = new SegmentCache(4 * SEGMENT);
  const [one, two] = [await open('recording', {cache}), await open('recording', {cache})];
  for (const playback of [one, two]) {
    await bytes(await playback.respond(request(), never));
    assert.ok(cache.bytes > 2 * SEGMENT && cache.bytes <= 4 * SEGMENT, `${cache.bytes}`);
  }
  objects.requests.length = 0;
  await two.respond(request({Range: 'bytes=-1'}), never);
  assert.deepEqual(objects.requests, []);
  two.close();
  one.close();
  assert.equal(cache.bytes, 0);
});

test('an empty recording is empty', async () => {
  await put('empty', new Uint8Array(0));
  const playback = await open('empty');
  const whole = await playback.respond(request(), never);
  assert.deepEqual([whole.status, await bytes(whole)], [200, new Uint8Array(0)]);
  const none = await playback.respond(request({Range: 'bytes=0-'}), never);
  assert.deepEqual([none.status, none.headers.get('Content-Range')], [416, 'bytes */0']);
});

test('a changed segment fails with its index, before or during the answer, and no other does', async () => {
  await put('changed', CONTENT);
  const object = objects.get('changed');
  object[RecordingHeader.parse(object).size + 7 * SEGMENT + 5] ^= 1;
  const playback = await open('changed');
  const fails = (e) => e instanceof RecordingError && e.reason === 'BODY' && e.segment === 7;
  await assert.rejects(playback.respond(request({Range: `bytes=${7 * SEGMENT}-`}), never), fails);
  let failure;
  const response = await playback.respond(request({Range: `bytes=${5 * SEGMENT}-`}), (e) => (failure = e));
  await assert.rejects(bytes(response), fails);
  assert.ok(fails(failure));
  assert.equal(playback.segments, 41);
  const range = request({Range: `bytes=${8 * SEGMENT}-${8 * SEGMENT + 9}`});
  assert.deepEqual(await bytes(await playback.respond(range, never)), CONTENT.subarray(8 * SEGMENT, 8 * SEGMENT + 10));
});

test('a closed recording answers nothing more', async () => {
  const playback = await open();
  const response = await playback.respond(request(), () => {});
  const pending = playback.respond(request({Range: `bytes=${30 * SEGMENT}-`}), never);
  const reader = response.body.getReader();
  await reader.read();
  playback.close();
  await assert.rejects(pending, ClosedError);
  await assert.rejects(async () => {
    for (;;) {
      await reader.read();
    }
  }, ClosedError);
  await assert.rejects(playback.respond(request(), never), ClosedError);
});

test('the DEK is overwritten once it was used, and when it is refused', async () => {
  for (const dek of [DEK.slice(), DEK.slice().reverse()]) {
    const source = await openObject(() => objects.presign('recording'));
    await Playback.open(source, async () => dek, {cache: new SegmentCache(0)}).catch((e) => assert.equal(e.reason, 'KEY'));
    assert.ok(dek.every((byte) => byte === 0));
  }
});

test('only audio and video have their type', async () => {
  const types = {'audio/wav': 'audio/wav', 'video/mp4; codecs="avc1"': 'video/mp4; codecs="avc1"', 'text/html': undefined, 'audio/wav\ntext/html': undefined};
  for (const [mediaType, expected] of Object.entries(types)) {
    const response = await (await open('recording', {mediaType})).respond(request({}, 'HEAD'), never);
    assert.equal(response.headers.get('Content-Type'), expected ?? 'application/octet-stream');
    assert.equal(response.headers.get('X-Content-Type-Options'), 'nosniff');
  }
});

test('an object that was replaced is found', async () => {
  await put('replaced', CONTENT);
  const playback = await open('replaced');
  objects.put('replaced', objects.get('replaced').slice());
  await assert.rejects(playback.respond(request(), never), (e) => e instanceof StorageError && e.changed);
});

test('a URL that has expired is renewed once for all requests at the time', async () => {
  let located = 0;
  const source = await openObject(() => {
    located++;
    return objects.presign('recording');
  });
  objects.expire();
  await Promise.all([source.read(100_000, 10), source.read(200_000, 10), source.read(300_000, 10)]);
  assert.equal(located, 2);
});

test('a storage that fails is tried again, and one that answers wrongly is not', async (t) => {
  let answers;
  let count = 0;
  const server = createServer((_, response) => {
    const [status, headers, body] = answers[Math.min(count++, answers.length - 1)];
    response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close().closeAllConnections());
  await once(server, 'listening');
  const tried = async (...list) => {
    [answers, count] = [list, 0];
    return openObject(() => `http://127.0.0.1:${server.address().port}/`);
  };
  assert.equal((await tried([503], [500], [206, {'Content-Range': 'bytes 0-3/4'}, 'abcd'])).size, 4);
  await assert.rejects(tried([503]), /status 503/);
  assert.equal(count, 3);
  for (const [answer, message] of [
    [[200, {}, 'abcd'], /ignores Range/],
    [[404], /status 404/],
    [[206, {}, 'abcd'], /expose Content-Range/],
    [[206, {'Content-Range': 'bytes 0-3/*'}, 'abcd'], /expose Content-Range/],
    [[206, {'Content-Range': 'bytes 1-3/4'}, 'bcd'], /another range/],
    [[206, {'Content-Range': 'bytes 0-3/4'}, 'abc'], /another range/],
  ]) {
    await assert.rejects(tried(answer), (e) => e instanceof StorageError && message.test(e.message));
    assert.equal(count, 1);
  }
});
