/** Records files with a key of the broker, and serves them to the page. */

import {once} from 'node:events';
import {createReadStream} from 'node:fs';
import {basename, extname} from 'node:path';
import {Readable} from 'node:stream';
import {RecordingHeader, encryptStream} from '../../keybroker.js';
import {backend} from './backend.js';
import {connect} from './broker.js';
import {storage} from './storage.js';

const TYPES = {'.wav': 'audio/wav', '.mp3': 'audio/mpeg', '.m4a': 'audio/mp4', '.mp4': 'video/mp4', '.webm': 'video/webm'};

/** Starts all parts on free ports of this machine. */
export async function start({address, keystore, port = 0}) {
  const broker = connect(address);
  const recordings = new Map();
  let url;
  const objects = storage(() => url);
  objects.server.listen(0, '127.0.0.1');
  await once(objects.server, 'listening');
  const storageOrigin = `http://127.0.0.1:${objects.server.address().port}`;
  const application = backend({broker, storage: storageOrigin, recordings});
  application.listen(port, '127.0.0.1');
  await once(application, 'listening');
  url = `http://127.0.0.1:${application.address().port}`;

  return {
    url,
    objects,
    /** Encrypts a file into the storage, as a recorder does. */
    async record(file, id = basename(file)) {
      const mediaType = TYPES[extname(file)];
      const context = {recording: id};
      const {wrappedDek, dek} = await broker.wrapDek({keystore, encryptionContext: context});
      const header = await RecordingHeader.create(dek, {keystore, wrappedDek, context, mediaType});
      const encrypted = Readable.toWeb(createReadStream(file)).pipeThrough(encryptStream(header, dek));
      objects.put(id, new Uint8Array(await new Response(encrypted).arrayBuffer()));
      dek.fill(0);
      recordings.set(id, {title: id, mediaType, keystore, presign: () => objects.presign(id)});
    },
    close() {
      broker.close();
      for (const server of [application, objects.server]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}
