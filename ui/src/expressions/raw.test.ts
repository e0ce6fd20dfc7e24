import { expect, test } from 'vitest';
import { rawTexts, withBraces, withoutSigns } from './raw';

test('every text with an expression is found, with its path', () => {
  const value = { a: 'plain', b: '${x}', c: [{ d: 'v-${y}' }, 1, null], 'k${z}': { e: true } };
  expect(rawTexts(value)).toEqual([
    { field: 'b', text: '${x}' },
    { field: 'c[0].d', text: 'v-${y}' },
    { field: '', text: 'k${z}' },
  ]);
});

test('braces are put around a text that has none', () => {
  expect(withBraces('a + 1')).toBe('${a + 1}');
  expect(withBraces('v-${a}')).toBe('v-${a}');
});

test.each([
  ['${ clustr.size() }', 'clustr.size()'],
  ['Waits for ${clustr.size()} of ${ n }', 'Waits for clustr.size() of n'],
  ["${#stage('Bake').x}", "#stage( #root.execution, 'Bake').x"],
])('%s has the name %s in the summary', (text, name) => {
  expect(withoutSigns(text)).toBe(withoutSigns(name));
});
