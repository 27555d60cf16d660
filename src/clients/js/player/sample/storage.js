/** Stands in for an object storage with pre-signed URLs, Range requests and CORS. Objects are in memory. */

import {randomBytes, randomUUID} from 'node:crypto';
import {createServer} from 'node:http';

/**
 * Returns `{server, put, get, presign, expire, requests}`.
 *
 * @param origin a function that returns the origin of the page
 */
export function storage(origin) {
  const objects = new Map();
  const requests = [];
  let signature = randomBytes(8).toString('hex');

  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const cors = {
      'Access-Control-Allow-Origin': origin(),
      'Access-Control-Allow-Methods': 'GET',
      'Access-Control-Allow-Headers': 'Range',
      'Access-Control-Expose-Headers': 'Content-Range, ETag',
      'Access-Control-Max-Age': '600',
      'Vary': 'Origin',
    };
    const end = (status, headers = {}, body = undefined) => {
      response.writeHead(status, {...cors, ...headers});
      response.end(body);
    };
    const name = url.pathname.slice(1);
    const object = objects.get(name);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (request.method === 'OPTIONS') {
      end(204);
    } else if (request.method !== 'GET' || url.searchParams.get('signature') !== signature) {
      end(403);
    } else if (object === undefined) {
      end(404);
    } else if (first === undefined || Number(first) >= object.bytes.length) {
      end(416);
    } else {
      const part = object.bytes.subarray(Number(first), Number(last) + 1);
      requests.push({name, first: Number(first), last: Number(first) + part.length - 1});
      end(206, {
        'Content-Range': `bytes ${first}-${Number(first) + part.length - 1}/${object.bytes.length}`,
        'Content-Length': part.length,
        'ETag': object.etag,
      }, part);
    }
  });

  return {
    server,
    /** The parts that were fetched. */
    requests,
    put(name, bytes) {
      objects.set(name, {bytes, etag: `"${randomUUID()}"`});
    },
    get: (name) => objects.get(name).bytes,
    presign: (name) => `http://127.0.0.1:${server.address().port}/${name}?signature=${signature}`,
    /** Makes all URLs expire. */
    expire() {
      signature = randomBytes(8).toString('hex');
    },
  };
}
