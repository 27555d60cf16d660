import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseRange} from '../ranges.js';

const SIZE = 1000;
const CASES = {
  'bytes=0-': [0, 1000],
  'bytes=0-0': [0, 1],
  'bytes=10-19': [10, 20],
  'bytes=999-': [999, 1000],
  'bytes=10-99999': [10, 1000],
  'bytes=0-99999999999999999999': [0, 1000],
  'bytes=-1': [999, 1000],
  'bytes=-1000': [0, 1000],
  'bytes=-5000': [0, 1000],
  'BYTES= 5-6 ': [5, 7],
  'bytes=1000-': 'unsatisfiable',
  'bytes=99999999999999999999-': 'unsatisfiable',
  'bytes=-0': 'unsatisfiable',
  'bytes=20-10': 'whole',
  'bytes=-': 'whole',
  'bytes=a-b': 'whole',
  'bytes=1': 'whole',
  'bytes=+1-2': 'whole',
  'bytes=1-2,5-6': 'whole',
  'items=0-1': 'whole',
  '': 'whole',
};

for (const [header, expected] of Object.entries(CASES)) {
  test(`Range: ${header}`, () => {
    const range = parseRange(header, SIZE);
    if (expected === 'whole') {
      assert.equal(range, undefined);
    } else {
      assert.deepEqual(range, expected === 'unsatisfiable' ? {start: SIZE} : {start: expected[0], end: expected[1]});
    }
  });
}

test('mutated headers give a part of the recording, or none', () => {
  const originals = ['bytes=0-499', 'bytes=500-', 'bytes=-500', 'bytes=0-0,5-9'];
  const alphabet = '0123456789-=, bytesx\t\u0000é';
  let random = 20_261_128;
  const next = (limit) => (random = (random * 48_271) % 0x7fffffff) % limit;
  let parts = 0;
  for (let i = 0; i < 20_000; i++) {
    const header = [...originals[i % originals.length]];
    for (let changes = 1 + next(2); changes > 0; changes--) {
      header.splice(next(header.length + 1), next(2), alphabet[next(alphabet.length)]);
    }
    const size = next(3) === 0 ? next(3) : next(10_000);
    const range = parseRange(header.join(''), size);
    if (range?.end === undefined) {
      assert.ok(range === undefined || range.start === size);
    } else {
      assert.ok(0 <= range.start && range.start < range.end && range.end <= size, header.join(''));
      parts++;
    }
  }
  assert.ok(parts > 1000, `${parts}`);
});

test('no header is the whole, and nothing is no part of an empty recording', () => {
  assert.equal(parseRange(null, SIZE), undefined);
  for (const header of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) {
    assert.deepEqual(parseRange(header, 0), {start: 0});
  }
});
