/** The encrypted object behind a URL, as a source of bytes for RecordingReader. */

/** The first request brings this much: the header of nearly every recording. */
const START = 8192;
const ATTEMPTS = 3;
const PAUSE_MILLIS = 250;

/** What the storage did not deliver. `changed`: the object is another one now. */
export class StorageError extends Error {
  constructor(message, {again = false, status, changed = false, cause} = {}) {
    super(message, {cause});
    this.name = 'StorageError';
    this.again = again;
    this.status = status;
    this.changed = changed;
  }
}

/**
 * Opens an object. All its parts must have one size and, if the storage exposes it, one ETag.
 *
 * @param locate a function that returns a URL, or a promise of it. It is called again, with true, when the storage
 *     refuses the URL, because pre-signed URLs expire
 */
export async function openObject(locate) {
  let url = Promise.resolve(locate(false));
  let size;
  let etag;

  async function attempt(current, offset, length) {
    let response;
    try {
      // Not from or to the browser's cache, which answers one request for a URL at a time.
      response = await fetch(await current, {
        headers: {Range: `bytes=${offset}-${offset + length - 1}`}, cache: 'no-store', referrerPolicy: 'no-referrer',
      });
    } catch (cause) {
      throw new StorageError('the storage cannot be reached, or its CORS rules do not allow it', {again: true, cause});
    }
    const {status} = response;
    if (status !== 206) {
      await response.body?.cancel();
      const again = status >= 500 || [401, 403, 408, 429].includes(status);
      throw new StorageError(
        status === 200 ? 'the storage ignores Range requests' : `the storage answered with status ${status}`,
        {again, status},
      );
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
    if (range === null) {
      await response.body?.cancel();
      throw new StorageError('the storage does not expose Content-Range, or does not know the size');
    }
    const [first, last, total] = range.slice(1).map(Number);
    const tag = response.headers.get('ETag');
    if (size === undefined) {
      [size, etag] = [total, tag];
    } else if (total !== size || tag !== etag) {
      await response.body?.cancel();
      throw new StorageError('the object in the storage was replaced', {changed: true});
    }
    let bytes;
    try {
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
      throw new StorageError('the connection to the storage broke', {again: true, cause});
    }
    if (first !== offset || last !== Math.min(offset + length, size) - 1 || bytes.length !== last + 1 - first) {
      throw new StorageError('the storage returned another range');
    }
    return bytes;
  }

  async function get(offset, length) {
    for (let attempts = 1; ; attempts++) {
      const current = url;
      try {
        return await attempt(current, offset, length);
      } catch (e) {
        if (attempts === ATTEMPTS || !e.again) {
          throw e;
        }
        if (e.status === 401 || e.status === 403) {
          // Requests at the same time share a new URL.
          url = url === current ? Promise.resolve(locate(true)) : url;
        } else {
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLIS * attempts));
        }
      }
    }
  }

  const start = await get(0, START);
  return {
    size,
    async read(offset, length) {
      return offset + length <= start.length ? start.slice(offset, offset + length) : get(offset, length);
    },
  };
}
