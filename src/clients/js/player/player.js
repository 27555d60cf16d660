/** Plays encrypted recordings in a page, with the service worker of worker.js. */

import {generateSessionKey} from '../keybroker.js';

/** Why the page refuses what the worker asks for. */
class Refusal extends Error {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Gives `<audio>` and `<video>` a URL for each recording. Keys are in memory only: the page has the private key of its
 * session, which is not extractable, and sealed DEKs; the worker opens them. Fires `failure` if a recording cannot be
 * played, with the reason in `detail`, and again when the media element tries again.
 */
export class RecordingPlayer extends EventTarget {
  /** The recordings of all players of this page, by id. */
  static #recordings = new Map();
  static #listening = false;
  #container;
  #prefix;
  #getSealedDek;
  #session;

  /**
   * Starts the worker, and waits until it controls the page.
   *
   * @param worker URL of a service worker that is or imports worker.js. The page must be in its scope
   * @param getSealedDek a function (recording, {keystore, wrappedDek, kek, publicKey}) that returns a promise of the
   *     `sealed_dek` of UnwrapDek, from the application's backend
   */
  static async start({worker, scope, getSealedDek}) {
    const container = navigator.serviceWorker;
    if (container === undefined || crypto.subtle === undefined) {
      throw new Error('playback needs service workers and WebCrypto, which a browser has for https: pages only');
    }
    const registration = await container.register(worker, {type: 'module', scope});
    const player = new RecordingPlayer();
    player.#container = container;
    player.#prefix = new URL('keybroker-recordings/', registration.scope).href;
    player.#getSealedDek = getSealedDek;
    if (!RecordingPlayer.#listening) {
      RecordingPlayer.#listening = true;
      container.addEventListener('message', RecordingPlayer.#receive);
      container.startMessages();
      // The worker asks again if the page comes back from the back/forward cache.
      addEventListener('pagehide', () => container.controller?.postMessage({keybroker: 'forget'}));
    }
    const active = (await container.ready).active;
    if (container.controller === null) {
      const controlled = new Promise((resolve) =>
        container.addEventListener('controllerchange', resolve, {once: true}),
      );
      active.postMessage({keybroker: 'claim'});
      await controlled;
    }
    return player;
  }

  /**
   * Adds a recording.
   *
   * @param recording url: of the encrypted object, or a function that returns one or a promise of it, and is called
   *     again when the URL has expired; context: the encryption context that it must have, undefined if the backend
   *     checks it; mediaType: instead of the header's. Other properties are the application's
   * @returns the URL for a media element
   */
  add(recording) {
    const id = crypto.randomUUID();
    RecordingPlayer.#recordings.set(id, {player: this, recording});
    return this.#prefix + id;
  }

  /** Forgets a recording and its key. A media element that plays it fails. */
  remove(src) {
    this.#forget(src.slice(this.#prefix.length));
  }

  /** Forgets all recordings and keys of this player, for example at a logout. */
  close() {
    for (const [id, {player}] of RecordingPlayer.#recordings) {
      if (player === this) {
        this.#forget(id);
      }
    }
    this.#session = undefined;
  }

  #forget(id) {
    RecordingPlayer.#recordings.delete(id);
    this.#container.controller?.postMessage({keybroker: 'forget', id});
  }

  static async #receive({data, ports: [port]}) {
    const entry = RecordingPlayer.#recordings.get(data?.id);
    if (data?.keybroker === 'failure') {
      entry?.player.#report(data.id, entry.recording, data.failure);
    } else if (port !== undefined && data?.keybroker !== undefined) {
      try {
        if (entry === undefined) {
          throw new Refusal('this page does not play the recording', 'UNKNOWN');
        }
        port.postMessage({result: await entry.player.#answer(entry, data)});
      } catch (e) {
        port.postMessage({error: {message: e.message, reason: e instanceof Refusal ? e.reason : 'APPLICATION'}});
      }
    }
  }

  async #answer(entry, question) {
    const {recording} = entry;
    switch (question.keybroker) {
      case 'recording':
        return {context: recording.context, mediaType: recording.mediaType};
      case 'url':
        if (entry.url === undefined || question.refused) {
          const url = await (typeof recording.url === 'function' ? recording.url() : recording.url);
          entry.url = new URL(url, location.href).href;
        }
        return entry.url;
      case 'key':
        return this.#key(entry, question);
      default:
        throw new Refusal('the service worker has another version', 'INTERNAL');
    }
  }

  /** The backend is asked once for each wrapped DEK, so that a restarted worker does not need it. */
  async #key(entry, {identity, keystore, wrappedDek, kek}) {
    entry.identity ??= identity;
    if (entry.identity !== identity) {
      throw new Refusal('the object in the storage was replaced by another recording', 'STORAGE');
    }
    this.#session ??= generateSessionKey();
    const sessionKey = await this.#session;
    if (entry.sealedDek === undefined || entry.kek !== kek) {
      const {publicKey} = sessionKey;
      const sealedDek = await this.#getSealedDek(entry.recording, {keystore, wrappedDek, kek, publicKey});
      Object.assign(entry, {sealedDek, kek});
    }
    return {sealedDek: entry.sealedDek, sessionKey};
  }

  #report(id, recording, failure) {
    const detail = {...failure, src: this.#prefix + id, recording};
    this.dispatchEvent(new CustomEvent('failure', {detail}));
  }
}
