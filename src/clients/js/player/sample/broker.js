/** The sample's connection to the broker, without TLS: for a broker on this machine. */

import {fileURLToPath} from 'node:url';
import grpc from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';

const DEADLINE_MILLIS = 5_000;
const CONTRACT = loadSync(fileURLToPath(new URL('broker.proto', import.meta.url)));

/** Returns `{wrapDek, unwrapDek, close}`. */
export function connect(address) {
  const {KeyBroker} = grpc.loadPackageDefinition(CONTRACT).keybroker.v1;
  const broker = new KeyBroker(address, grpc.credentials.createInsecure());
  const call = (rpc) => (request) =>
    new Promise((resolve, reject) => {
      const options = {deadline: Date.now() + DEADLINE_MILLIS};
      broker[rpc](request, options, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  return {wrapDek: call('WrapDek'), unwrapDek: call('UnwrapDek'), close: () => broker.close()};
}
