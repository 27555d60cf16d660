/**
 * The service worker, or a part of one that imports it: answers requests for recordings of RecordingPlayer (player.js)
 * with their plaintext. It stores nothing. The browser may stop it at any time; what it forgets then, it asks the page
 * for again.
 */

import {RecordingError, unsealDek} from '../keybroker.js';
import {ClosedError, Playback, SegmentCache, identity} from './playback.js';
import {StorageError, openObject} from './storage.js';

/** Decrypted segments of all recordings together. */
const CACHE_BYTES = 16 * 1024 * 1024;
/** A page that is suspended does not answer. */
const LONGEST_ANSWER_MILLIS = 60_000;

const prefix = new URL('keybroker-recordings/', self.registration.scope).href;
const cache = new SegmentCache(CACHE_BYTES);
/** Promises of Playback, by client and recording. A page reaches the recordings that it opened itself only. */
const playbacks = new Map();

/** The page does not know the recording, or could not get its URL or its key. */
class PageError extends Error {
  constructor(message, reason) {
    super(message);
    this.name = 'PageError';
    this.reason = reason;
  }
}

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const {keybroker: command, id} = event.data ?? {};
  if (command === 'claim') {
    event.waitUntil(self.clients.claim());
  } else if (command === 'forget') {
    forget(event.source.id, id);
  }
});

self.addEventListener('fetch', (event) => {
  const {request} = event;
  if (idOf(request) !== undefined) {
    // Only for a media element or a script of the page, never as a page, frame or script of the site.
    const allowed = ['audio', 'video', ''].includes(request.destination) && request.mode !== 'navigate';
    event.respondWith(allowed ? answer(event) : new Response(null, {status: 404}));
  }
});

/** The recording's id, without a media fragment such as #t=30. */
function idOf(request) {
  const {origin, pathname} = new URL(request.url);
  const url = origin + pathname;
  return url.startsWith(prefix) ? url.slice(prefix.length) : undefined;
}

async function answer({request, clientId}) {
  const id = idOf(request);
  for (let attempt = 1; ; attempt++) {
    let playback;
    let opened;
    try {
      playback = open(clientId, id);
      opened = await playback;
      return await opened.respond(request, (e) => failed(e, playback, opened));
    } catch (e) {
      // A rewrap replaces the object, and the recording is still the same.
      if (!(e instanceof StorageError && e.changed && attempt === 1)) {
        return failed(e, playback, opened);
      }
      drop(`${clientId}/${id}`, playback);
    }
  }

  function failed(e, playback, opened) {
    if (e instanceof StorageError && e.changed) {
      drop(`${clientId}/${id}`, playback);
    }
    if (e instanceof ClosedError || e.reason === 'UNKNOWN') {
      return new Response(null, {status: 404});
    }
    const failure = {
      reason: e.reason ?? (e instanceof StorageError ? 'STORAGE' : 'INTERNAL'),
      message: e.message,
      segment: e instanceof RecordingError ? e.segment : undefined,
      segments: opened?.segments,
    };
    self.clients.get(clientId).then((client) => client?.postMessage({keybroker: 'failure', id, failure}));
    return new Response(null, {status: 502});
  }
}

function open(clientId, id) {
  const key = `${clientId}/${id}`;
  let playback = playbacks.get(key);
  if (playback === undefined) {
    playback = start(clientId, id);
    playbacks.set(key, playback);
    playback.catch(() => drop(key, playback));
    forgetClosedPages();
  }
  return playback;
}

async function start(clientId, id) {
  const {context, mediaType} = await ask(clientId, {keybroker: 'recording', id});
  const source = await openObject((refused) => ask(clientId, {keybroker: 'url', id, refused}));
  return Playback.open(
    source,
    async (header) => {
      const {sealedDek, sessionKey} = await ask(clientId, {
        keybroker: 'key',
        id,
        identity: identity(header),
        keystore: header.keystore,
        kek: header.kek,
        wrappedDek: header.wrappedDek,
      });
      try {
        return await unsealDek(sealedDek, sessionKey, header.kek);
      } catch {
        throw new PageError('the sealed DEK is not for this page and this KEK', 'KEY');
      }
    },
    {cache, context, mediaType},
  );
}

async function ask(clientId, message) {
  const client = clientId === '' ? undefined : await self.clients.get(clientId);
  if (client === undefined) {
    throw new PageError('no page asks', 'UNKNOWN');
  }
  const {port1, port2} = new MessageChannel();
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      port1.onmessage = ({data: {result, error}}) =>
        error === undefined ? resolve(result) : reject(new PageError(error.message, error.reason));
      timer = setTimeout(() => reject(new PageError('the page does not answer', 'PAGE')), LONGEST_ANSWER_MILLIS);
      client.postMessage(message, [port2]);
    });
  } finally {
    clearTimeout(timer);
    port1.close();
  }
}

/** Forgets a recording of a page, or all of them. */
function forget(clientId, id) {
  for (const [key, playback] of playbacks) {
    if (id === undefined ? key.startsWith(`${clientId}/`) : key === `${clientId}/${id}`) {
      drop(key, playback);
    }
  }
}

async function forgetClosedPages() {
  const pages = new Set((await self.clients.matchAll({includeUncontrolled: true})).map((client) => client.id));
  for (const [key, playback] of playbacks) {
    if (!pages.has(key.slice(0, key.indexOf('/')))) {
      drop(key, playback);
    }
  }
}

function drop(key, playback) {
  if (playbacks.get(key) === playback) {
    playbacks.delete(key);
  }
  playback?.then((opened) => opened.close(), () => {});
}
