import { expect, test } from 'vitest';
import { appended, drawn, emptyTail, shown } from './tail';

const tailOf = (...pieces: string[]) => pieces.reduce((tail, piece) => appended(tail, piece), emptyTail);

test('a line may come in pieces', () => {
  expect(drawn(tailOf('one\ntw', 'o\nthr', 'ee'))).toEqual(['one', 'two', 'three']);
  expect(drawn(tailOf('one\r', '\ntwo\r\n'))).toEqual(['one', 'two']);
  expect(drawn(emptyTail)).toEqual([]);
});

test('an empty line is one, the end of the last line is none', () => {
  expect(drawn(tailOf('one\n\ntwo\n'))).toEqual(['one', '', 'two']);
});

test('only the last lines are kept, the others are counted', () => {
  let tail = emptyTail;
  for (let line = 1; line <= 25; ++line) tail = appended(tail, `line ${line}\n`, 10);
  expect(tail.dropped).toBe(15);
  expect(drawn(tail)).toHaveLength(10);
  expect(drawn(tail)[0]).toBe('line 16');
  expect(drawn(appended(tail, 'begun', 10)).at(0)).toBe('line 17');
});

test.each([
  ['\u001b[1;32mgreen\u001b[0m', 'green'],
  ['10%\r20%\r100%', '100%'],
  ['done\r', 'done'],
  ['plain', 'plain'],
])('%j is shown as %s', (line, text) => expect(shown(line)).toBe(text));

test('an endless line is cut', () => expect(shown('x'.repeat(10_000))).toHaveLength(4_001));
