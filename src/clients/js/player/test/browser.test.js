/**
 * The sample in headless Chromium: real media of FFmpeg, encrypted with keys of the broker at KEYBROKER_ADDRESS, behind
 * a server of another origin that counts what is fetched.
 */

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import axe from 'axe-core';
import {chromium} from 'playwright-core';
import {RecordingHeader} from '../../keybroker.js';
import {start} from '../sample/sample.js';

const TARGET = fileURLToPath(new URL('../../../../../target/clients/', import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=5:d=60,noise=alls=60:allf=t', '-f', 'lavfi', '-i', 'sine=440:d=60', '-g', '5', '-b:v', '2M'];
const MEDIA = {
  'call.wav': ['-f', 'lavfi', '-i', 'sine=440:d=120:r=48000', '-ac', '2'],
  'screen.mp4': [...VIDEO, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  'fragmented.mp4': ['-i', 'screen.mp4', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov+default_base_moof+global_sidx'],
  'live.mp4': ['-i', 'screen.mp4', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov'],
  'screen.webm': [...VIDEO, '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus'],
};
/** Far above what any step, and all of them, take. */
const LONGEST_MILLIS = 60_000;
const LONGEST_RUN_MILLIS = 600_000;

function missing() {
  if (!process.env.KEYBROKER_ADDRESS) {
    return 'KEYBROKER_ADDRESS and KEYBROKER_KEYSTORES: a broker';
  }
  for (const [command, option] of [[CHROMIUM, '--version'], ['ffmpeg', '-version']]) {
    try {
      execFileSync(command, [option], {stdio: 'ignore'});
    } catch {
      // With CI set, the test fails instead.
      return process.env.CI ? false : `no ${command}`;
    }
  }
  return false;
}

/** A way to the broker that can be cut. */
async function relay(address) {
  const [host, port] = address.split(':');
  const sockets = new Set();
  const server = createServer((socket) => {
    const onward = connect({host, port});
    for (const [from, to] of [[socket, onward], [onward, socket]]) {
      sockets.add(from);
      from.pipe(to).on('error', () => {});
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${server.address().port}`,
    cut() {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

describe('playback in Chromium', {skip: missing(), timeout: LONGEST_RUN_MILLIS}, () => {
  let folder;
  let browser;
  let broker;
  let sample;
  let context;
  let page;
  let worker;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keybroker-player-'));
    for (const [name, options] of Object.entries(MEDIA)) {
      execFileSync('ffmpeg', ['-v', 'error', ...options, name], {cwd: folder});
    }
    broker = await relay(process.env.KEYBROKER_ADDRESS);
    const [keystore] = process.env.KEYBROKER_KEYSTORES.split(',');
    sample = await start({address: broker.address, keystore});
    for (const name of Object.keys(MEDIA)) {
      await sample.record(join(folder, name));
    }
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--mute-audio', '--autoplay-policy=no-user-gesture-required'],
    });
  });

  after(async () => {
    await browser?.close();
    sample?.close();
    broker?.cut();
    rmSync(folder, {recursive: true, force: true});
  });

  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(LONGEST_MILLIS);
    page = await context.newPage();
    await page.goto(sample.url);
    await page.getByRole('status').filter({hasText: 'recordings'}).waitFor();
    worker = await context.newCDPSession(page);
    await worker.send('ServiceWorker.enable');
    sample.objects.requests.length = 0;
  });

  afterEach(() => context.close());

  const media = (name) => page.getByLabel(name, {exact: true});

  async function stopWorker() {
    const stopped = new Promise((resolve) =>
      worker.on('ServiceWorker.workerVersionUpdated', ({versions}) =>
        versions.some(({runningStatus}) => runningStatus === 'stopped') && resolve(),
      ),
    );
    await worker.send('ServiceWorker.stopAllWorkers');
    await stopped;
  }

  /** Plays from a part of the recording, 0 to 1, until some of it was played. */
  async function play(name, part) {
    await media(name).evaluate(
      (element, part) =>
        new Promise((resolve, reject) => {
          const done = new AbortController();
          const on = (type, listener) => element.addEventListener(type, listener, {signal: done.signal});
          const fail = () => {
            done.abort();
            reject(new Error(`media error ${element.error.code}: ${element.error.message}`));
          };
          const seek = () => {
            const from = part * element.duration;
            element.currentTime = from;
            on('timeupdate', () => {
              if (!element.seeking && element.currentTime > from + 0.2) {
                done.abort();
                element.pause();
                resolve();
              }
            });
            // A refusal to play is the error event.
            element.play().catch(() => {});
          };
          on('error', fail);
          if (element.readyState > 0 && !element.error) {
            seek();
          } else {
            on('loadedmetadata', seek);
            element.preload = 'metadata';
            if (element.error) {
              element.load();
            }
          }
        }),
      part,
    );
  }

  for (const name of ['call.wav', 'screen.mp4', 'fragmented.mp4', 'screen.webm']) {
    test(`${name} plays, and a seek to 90 % fetches nothing of what is between`, async () => {
      await play(name, 0);
      await play(name, 0.9);
      const object = sample.objects.get(name);
      const between = sample.objects.requests.filter(
        ({first, last}) => last > 0.6 * object.length && first < 0.8 * object.length,
      );
      assert.deepEqual(between, []);
      assert.ok(sample.objects.requests.every(({first, last}) => last - first < 65_536));
    });
  }

  test('a fragmented MP4 without an index plays and seeks', async () => {
    await play('live.mp4', 0);
    await play('live.mp4', 0.9);
  });

  test('a worker that is stopped while it streams is replaced, and the playback goes on', async () => {
    await play('call.wav', 0);
    // Fast, so that it soon needs what was not read when the worker stopped.
    await media('call.wav').evaluate((element) => {
      element.playbackRate = 16;
      return element.play();
    });
    await stopWorker();
    await media('call.wav').evaluate(
      (element) =>
        new Promise((resolve, reject) => {
          element.addEventListener('error', () => reject(new Error(element.error.message)));
          element.addEventListener('timeupdate', () => element.currentTime > element.duration / 2 && resolve());
        }),
    );
  });

  test('a media fragment starts the playback there', async () => {
    const time = await media('call.wav').evaluate(
      (element) =>
        new Promise((resolve, reject) => {
          element.addEventListener('error', () => reject(new Error(element.error.message)));
          element.addEventListener('timeupdate', () => !element.paused && !element.seeking && resolve(element.currentTime));
          element.src += '#t=30';
          element.play().catch(() => {});
        }),
    );
    assert.ok(time >= 30, `${time}`);
  });

  test('several recordings play at the same time', async () => {
    await Promise.all([play('call.wav', 0.2), play('screen.mp4', 0.3), play('screen.webm', 0.4)]);
  });

  test('a changed segment stops the playback there, and the page says which one it is', async () => {
    const [index, count] = [150, Math.ceil((statSync(join(folder, 'call.wav')).size + 40) / 65_520)];
    await sample.record(join(folder, 'call.wav'), 'changed.wav');
    const object = sample.objects.get('changed.wav');
    object[RecordingHeader.parse(object).size + index * 65_536 + 1000] ^= 1;
    await page.reload();
    await play('changed.wav', 0);
    await play('screen.webm', 0.5);
    await assert.rejects(play('changed.wav', (index * 65_520) / (count * 65_520)), /media error/);
    const alert = page.getByRole('alert').filter({hasText: 'changed.wav'});
    await alert.waitFor();
    assert.match(await alert.textContent(), new RegExp(`changed at segment ${index + 1} of ${count}, so it is not played`));
    await page.screenshot({path: join(TARGET, 'player.png'), fullPage: true});
    await play('changed.wav', 0.9);
  });

  test('an object of another recording is refused by the broker', async () => {
    await sample.record(join(folder, 'call.wav'), 'swapped.wav');
    sample.objects.put('swapped.wav', sample.objects.get('screen.mp4'));
    await page.reload();
    await assert.rejects(play('swapped.wav', 0), /media error/);
    await page.getByRole('alert').filter({hasText: 'swapped.wav: The key cannot be obtained'}).waitFor();
  });

  test('an object that is replaced plays on only if it is the same recording', async () => {
    await sample.record(join(folder, 'call.wav'), 'replaced.wav');
    await page.reload();
    await play('replaced.wav', 0);
    sample.objects.put('replaced.wav', sample.objects.get('replaced.wav').slice());
    await play('replaced.wav', 0.5);
    sample.objects.put('replaced.wav', sample.objects.get('call.wav'));
    await assert.rejects(play('replaced.wav', 0.9), /media error/);
    await page.getByRole('alert').filter({hasText: 'replaced.wav: The recording cannot be loaded'}).waitFor();
  });

  test('an expired URL is renewed', async () => {
    await play('call.wav', 0);
    sample.objects.expire();
    await play('call.wav', 0.9);
  });

  test('Range, HEAD and If-Range are answered as HTTP says, for scripts of the page', async () => {
    const file = readFileSync(join(folder, 'screen.webm'));
    const src = await media('screen.webm').getAttribute('src');
    const ask = (headers, method = 'GET') =>
      page.evaluate(
        async ([src, init]) => {
          const response = await fetch(src, init);
          const digest = async (bytes) => Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
          return {
            status: response.status,
            range: response.headers.get('Content-Range'),
            length: response.headers.get('Content-Length'),
            etag: response.headers.get('ETag'),
            type: response.headers.get('Content-Type'),
            digest: await digest(await response.arrayBuffer()),
          };
        },
        [src, {method, headers}],
      );
    const digest = (bytes) => Array.from(createHash('sha256').update(bytes).digest());
    const size = file.length;

    const head = await ask({}, 'HEAD');
    assert.deepEqual([head.status, head.length, head.type], [200, `${size}`, 'video/webm']);
    assert.equal(head.digest.toString(), digest('').toString());
    const whole = await ask({});
    assert.deepEqual([whole.status, whole.range, whole.digest], [200, null, digest(file)]);
    const suffix = await ask({Range: 'bytes=-100000'});
    assert.deepEqual([suffix.status, suffix.range], [206, `bytes ${size - 100_000}-${size - 1}/${size}`]);
    assert.deepEqual(suffix.digest, digest(file.subarray(-100_000)));
    const same = await ask({'Range': 'bytes=70000-199999', 'If-Range': head.etag});
    assert.deepEqual([same.status, same.digest], [206, digest(file.subarray(70_000, 200_000))]);
    assert.equal((await ask({'Range': 'bytes=0-1', 'If-Range': '"another"'})).status, 200);
    const beyond = await ask({Range: `bytes=${size}-`});
    assert.deepEqual([beyond.status, beyond.range], [416, `bytes */${size}`]);
    assert.equal((await ask({}, 'POST')).status, 405);
  });

  test('a recording is for the page that opened it, and is not a page itself', async () => {
    await play('call.wav', 0);
    const src = await media('call.wav').getAttribute('src');
    const status = (from) => from.evaluate(async (src) => (await fetch(src)).status, src);
    assert.equal(await status(page), 200);
    const other = await context.newPage();
    await other.goto(sample.url);
    await other.getByRole('status').filter({hasText: 'recordings'}).waitFor();
    assert.equal(await status(other), 404);
    await assert.rejects(other.goto(src), /ERR_HTTP_RESPONSE_CODE_FAILURE/);
  });

  test('a logout forgets the keys, and nothing was stored', async () => {
    await play('call.wav', 0);
    const src = await media('call.wav').getAttribute('src');
    await page.getByRole('button', {name: 'Log out'}).press('Enter');
    await page.getByRole('status').filter({hasText: 'All keys are forgotten'}).waitFor();
    const left = await page.evaluate(
      async (src) => [
        (await fetch(src)).status, await indexedDB.databases(), await caches.keys(), localStorage.length,
        sessionStorage.length, document.cookie,
      ],
      src,
    );
    assert.deepEqual(left, [404, [], [], 0, 0, '']);
  });

  test('the page has no known barrier', async () => {
    await page.evaluate(axe.source);
    const {violations} = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]), []);
  });

  // The last test: the sample does not get its broker back.
  test('without the broker and after a restart of the worker, what has its key plays, and nothing else', async () => {
    await play('call.wav', 0);
    broker.cut();
    await play('call.wav', 0.5);
    // Not even the application's backend is asked.
    await page.route('**/recordings/**', (route) => route.abort());
    await stopWorker();
    await play('call.wav', 0.9);
    await page.unroute('**/recordings/**');
    await assert.rejects(play('screen.mp4', 0), /media error/);
    await page.getByRole('alert').filter({hasText: 'screen.mp4: The key cannot be obtained: the key broker'}).waitFor();
    await play('call.wav', 0.2);
  });
});
