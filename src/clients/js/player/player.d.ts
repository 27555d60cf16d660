/** Plays encrypted recordings of keybroker in a page, with a service worker. */

import type {Context, Reason} from '../keybroker.js';

/** A recording of the application. `Recording` may have other properties. */
export interface PlayableRecording {
  /** Of the encrypted object, or a function that is called again when the URL has expired. */
  url: string | (() => string | Promise<string>);
  /** The encryption context that it must have. Undefined if the header's is trusted, or the backend checks it. */
  context?: Context;
  /** Instead of the header's. */
  mediaType?: string;
}

/** What the backend needs for UnwrapDek. */
export interface KeyRequest {
  /** Of the header, and not authentic: the backend should use the keystore that it knows. */
  readonly keystore: string;
  readonly wrappedDek: Uint8Array;
  readonly kek: string;
  /** For `recipient_public_key`. */
  readonly publicKey: Uint8Array;
}

/**
 * A recording that cannot be played, or not from some place on. `STORAGE`: the object is not there, or was replaced;
 * `APPLICATION`: `getSealedDek` or `url` failed; `PAGE`: the page was suspended; `INTERNAL`: anything else.
 */
export interface PlaybackFailure<Recording> {
  readonly reason: Reason | 'STORAGE' | 'APPLICATION' | 'PAGE' | 'INTERNAL';
  readonly message: string;
  /** The index of the segment that is not authentic, from 0. */
  readonly segment?: number;
  /** The number of segments, if the recording could be opened. */
  readonly segments?: number;
  readonly src: string;
  readonly recording: Recording;
}

export interface PlayerOptions<Recording> {
  /** URL of a service worker that is or imports worker.js. The page must be in its scope. */
  worker: string | URL;
  scope?: string;
  /** Returns `sealed_dek` of UnwrapDek, from the application's backend. */
  getSealedDek(recording: Recording, request: KeyRequest): Uint8Array | Promise<Uint8Array>;
}

export declare class RecordingPlayer<Recording extends PlayableRecording = PlayableRecording> extends EventTarget {
  private constructor();
  /** Starts the worker, and waits until it controls the page. */
  static start<Recording extends PlayableRecording>(
    options: PlayerOptions<Recording>,
  ): Promise<RecordingPlayer<Recording>>;
  /** Returns the URL for the `src` of a media element. */
  add(recording: Recording): string;
  /** Forgets a recording and its key. A media element that plays it fails. */
  remove(src: string): void;
  /** Forgets all recordings and keys of this player, for example at a logout. */
  close(): void;
  addEventListener(
    type: 'failure',
    listener: (event: CustomEvent<PlaybackFailure<Recording>>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
