/** keybroker.d.ts says what keybroker.js has, and uses of it pass a strict compiler. */

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import * as keybroker from '../keybroker.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const tsc = path('../node_modules/typescript/bin/tsc');

test('each export is declared, and nothing else', () => {
  const {encryptStreamWith, ...exported} = keybroker; // The former is for test vectors.
  const types = readFileSync(path('../keybroker.d.ts'), 'utf8');
  const declared = types.matchAll(/^export declare (?:class|function) (\w+)/gm);
  assert.deepEqual(new Set(Array.from(declared, ([, name]) => name)), new Set(Object.keys(exported)));
});

test('the types pass a strict compiler', {
  skip: process.env.CI || existsSync(tsc) ? false : 'no typescript (npm ci)',
}, () => {
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'nodenext',
    '--lib', 'es2022,dom'];
  const run = spawnSync(process.execPath, [tsc, ...options, path('types.ts'), path('../player/player.d.ts')]);
  assert.equal(run.status, 0, String(run.stdout));
});
