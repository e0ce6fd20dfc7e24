import { expect, test } from 'vitest';
import { markAt, nameLines, shortened, works, type Explanation, plain } from './explanation';

test.each<[string, number | undefined, [string, string, string] | undefined]>([
  ['clustr.size()', 8, ['clustr.', 'size', '()']],
  ['#stag(1)', 1, ['', '#stag', '(1)']],
  ['1 + + 2', 5, ['1 + ', '+', ' 2']],
  ['a == ', 6, ['a == ', '', '']],
  ["'é' + x", 8, ["'é' + ", 'x', '']],
  ['a', 9, ['a', '', '']],
  ['a', undefined, undefined],
])('%s is marked at column %s', (expression, column, parts) => {
  const marked = markAt(expression, column);
  expect(marked && [marked.before, marked.mark, marked.after]).toEqual(parts);
});

test('a long value is cut to what fits', () => {
  expect(shortened({ a: [1] })).toBe('{"a":[1]}');
  expect(shortened('x'.repeat(200))).toHaveLength(90);
  expect(shortened(undefined)).toBe('');
});

test('null works as little as an error', () => {
  const explanation: Explanation = { expression: 'x', names: [], value: 0 };
  expect(works(explanation)).toBe(true);
  expect(works({ ...explanation, value: null })).toBe(false);
  expect(works({ expression: 'x', names: [], error: { message: 'no' } })).toBe(false);
});

test('a name stands once, with the fields that the expression reads below it', () => {
  const parameters = { env: 'staging', 'a b': [1, 2] };
  const lines = nameLines({
    expression: "parameters.env == 'parameters.no' and parameters?.evn.size() > parameters['a b'][1] and no.x",
    names: [
      { name: 'parameters', foundIn: "the trigger's parameters", value: parameters },
      { name: 'parameters', foundIn: 'found before', value: parameters },
      { name: 'no', foundIn: 'nowhere', value: null },
    ],
  });
  expect(lines.map(({ name, value }) => [name, value])).toEqual([
    ['parameters', parameters],
    ['parameters.env', 'staging'],
    ['parameters?.evn', undefined],
    ["parameters['a b'][1]", 2],
    ['no', undefined],
  ]);
  expect(lines[1]).toMatchObject({ foundIn: "the trigger's parameters", isPart: true });
});

test('an answer stands without quotes, and not longer than asked', () => {
  expect(plain('false')).toBe('false');
  expect(plain(false)).toBe('false');
  expect(plain('abcdef', 4)).toBe('abc…');
});
