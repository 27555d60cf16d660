/** The sample's application: serves the page, lists recordings, and gets keys sealed to the page. */

import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';

const CLIENT = new URL('../../', import.meta.url);
const FILES = new Map([
  ['/', ['player/sample/index.html', 'text/html; charset=utf-8']],
  ['/page.css', ['player/sample/page.css', 'text/css; charset=utf-8']],
  ['/page.js', ['player/sample/page.js', 'text/javascript; charset=utf-8']],
  ['/worker.js', ['player/sample/worker.js', 'text/javascript; charset=utf-8']],
  ...['keybroker', 'header', 'segments', 'hpke', 'player/player', 'player/worker', 'player/playback', 'player/ranges', 'player/storage'].map(
    (name) => [`/keybroker/${name}.js`, [`${name}.js`, 'text/javascript; charset=utf-8']],
  ),
]);
const LARGEST_REQUEST = 8192;
/** gRPC codes after which a later try can succeed: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const PASSING = [4, 8, 14];

/**
 * THE APPLICATION'S OWN CHECK BELONGS HERE: whether the user of this request (by its session, after a login) may play
 * this recording. The broker cannot know that. The sample lets everybody play everything.
 */
function mayPlay(request, recording) {
  return recording !== undefined;
}

/**
 * @param broker of connect
 * @param storage the origin of the object storage
 * @param recordings a Map of id to {title, keystore, presign}, where presign returns a pre-signed URL
 */
export function backend({broker, storage, recordings}) {
  return createServer(async (request, response) => {
    try {
      await route(request, response);
    } catch (e) {
      send(response, PASSING.includes(e.code) ? 503 : 502, {error: e.details ?? e.message});
    }
  });

  async function route(request, response) {
    const {pathname} = new URL(request.url, 'http://localhost');
    const [, id, action] = /^\/recordings\/([^/]+)\/(url|key)$/.exec(pathname) ?? [];
    if (request.method === 'GET' && FILES.has(pathname)) {
      const [file, type] = FILES.get(pathname);
      response.writeHead(200, {...security(pathname), 'Content-Type': type});
      response.end(readFileSync(new URL(file, CLIENT)));
    } else if (request.method === 'GET' && pathname === '/recordings') {
      const playable = [...recordings].filter(([, recording]) => mayPlay(request, recording));
      send(response, 200, playable.map(([id, {title, mediaType}]) => ({id, title, mediaType})));
    } else if (request.method === 'POST' && action !== undefined) {
      const recording = recordings.get(decodeURIComponent(id));
      // JSON from another site's page needs a preflight request, which is not answered here.
      if (request.headers['content-type'] !== 'application/json') {
        send(response, 415, {error: 'JSON only'});
      } else if (!mayPlay(request, recording)) {
        send(response, 404, {error: 'no such recording'});
      } else if (action === 'url') {
        send(response, 200, {url: recording.presign()});
      } else {
        send(response, 200, await key(decodeURIComponent(id), recording, await json(request)));
      }
    } else {
      send(response, 404, {error: 'no such page'});
    }
  }

  /**
   * The keystore and the encryption context are the backend's own, and only the wrapped DEK is the page's. So the page
   * gets the key of the recording that was checked, and of no other.
   */
  async function key(id, {keystore}, {wrappedDek, publicKey}) {
    const {sealedDek} = await broker.unwrapDek({
      keystore,
      wrappedDek: Buffer.from(wrappedDek, 'base64'),
      encryptionContext: {recording: id},
      // Without it the answer would be the DEK itself.
      recipientPublicKey: nonEmpty(Buffer.from(publicKey, 'base64')),
    });
    return {sealedDek: sealedDek.toString('base64')};
  }

  /** The page talks to this server only, and the worker to the storage too. */
  function security(pathname) {
    const connect = pathname === '/worker.js' ? `connect-src 'self' ${storage}` : "connect-src 'self'";
    return {
      'Content-Security-Policy':
        `default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; worker-src 'self'; ${connect}; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'Cache-Control': 'no-cache',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    };
  }
}

function send(response, status, body) {
  response.writeHead(status, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'});
  response.end(JSON.stringify(body));
}

async function json(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LARGEST_REQUEST) {
      throw new Error('the request is too large');
    }
  }
  return JSON.parse(text);
}

function nonEmpty(bytes) {
  if (bytes.length === 0) {
    throw new Error('the public key is missing');
  }
  return bytes;
}
