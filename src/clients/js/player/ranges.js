/** The Range header of a request (RFC 9110, section 14). */

/**
 * Returns the part of `size` bytes that the header asks for, as `{start, end}` without the byte at `end`, or undefined
 * for the whole. `{start: size}` without an end says that the range cannot be satisfied. A header that is not valid, of
 * another unit or with several ranges counts as none, which a server is free to do.
 */
export function parseRange(header, size) {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) {
    return undefined;
  }
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? {start: size} : {start: size - length, end: size};
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) {
    return undefined;
  }
  return start >= size ? {start: size} : {start, end: last === '' ? size : Math.min(Number(last) + 1, size)};
}
