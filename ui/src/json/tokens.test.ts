import { expect, test } from 'vitest';
import { tokensOf } from './tokens';

const text = JSON.stringify({ name: 'a "quoted": b', size: -1.5e3, on: true, none: null, list: ['x'] }, undefined, 2);

test('tokens joined are the text', () => {
  expect(tokensOf(text).map((token) => token.text).join('')).toBe(text);
});

test('keys, strings and other values are told apart', () => {
  const of = (kind: string) => tokensOf(text).filter((token) => token.kind === kind).map((token) => token.text);
  expect(of('key')).toEqual(['"name"', '"size"', '"on"', '"none"', '"list"']);
  expect(of('string')).toEqual(['"a \\"quoted\\": b"', '"x"']);
  expect(of('other')).toEqual(['-1500', 'true', 'null']);
});
