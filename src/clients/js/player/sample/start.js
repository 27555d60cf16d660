/** The sample: node start.js FILE..., with a broker at KEYBROKER_ADDRESS and KEYBROKER_KEYSTORE in it. */

import {start} from './sample.js';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: node start.js FILE... (.wav, .mp3, .m4a, .mp4 or .webm)');
  process.exit(2);
}
const sample = await start({
  address: process.env.KEYBROKER_ADDRESS ?? '127.0.0.1:9000',
  keystore: process.env.KEYBROKER_KEYSTORE ?? 'tenants/demo/keystores/call-recordings',
  port: Number(process.env.PORT ?? 8081),
});
for (const file of files) {
  await sample.record(file);
}
console.log(`${sample.url} plays ${files.length} encrypted recordings`);
