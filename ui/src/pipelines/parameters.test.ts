import { describe, expect, test } from 'vitest';
import type { ParameterConfig } from '../api/types';
import { decided, initialValues, labelsOf, missing, optionsOf, toSend, valuesWith, visible } from './parameters';

const version: ParameterConfig = { name: 'version', required: true };
const size: ParameterConfig = { name: 'size', default: 3 };
const color: ParameterConfig = { name: 'color', hasOptions: true, options: [{ value: 'red' }, { value: 'blue' }] };
const hurry: ParameterConfig = {
  name: 'hurry',
  required: true,
  conditional: { parameter: 'color', comparator: '=', comparatorValue: 'red' },
};
const all = [version, size, color, hurry];

test('the form begins with the defaults, as text', () => {
  expect(initialValues(all)).toEqual({ version: '', size: '3', color: '', hurry: '' });
});

describe('options', () => {
  test('are there only where the parameter has some', () => {
    expect(optionsOf(color)).toEqual(['red', 'blue']);
    expect(optionsOf(version)).toBeUndefined();
    expect(optionsOf({ ...color, hasOptions: false })).toBeUndefined();
  });

  test('hold the default even if the list forgot it', () => {
    expect(optionsOf({ ...color, default: 'green' })).toEqual(['red', 'blue', 'green']);
  });
});

test('a conditional parameter appears with the value that calls for it', () => {
  expect(visible(all, { color: 'blue' })).not.toContain(hurry);
  expect(visible(all, { color: 'red' })).toContain(hurry);
});

test.each([
  ['!=', '4', true],
  ['>', '4', false],
  ['<', '4', true],
  ['>=', '3', true],
  ['<=', '2', false],
])('3 %s %s is %s', (comparator, comparatorValue, shown) => {
  const parameter: ParameterConfig = { name: 'x', conditional: { parameter: 'size', comparator, comparatorValue } };
  expect(visible([parameter], { size: '3' })).toHaveLength(shown ? 1 : 0);
});

test('required parameters without a value are missing, hidden ones are not', () => {
  expect(missing(all, { version: ' ', color: 'blue' })).toEqual(['version']);
  expect(missing(all, { version: '2', color: 'red' })).toEqual(['hurry']);
});

test('hidden parameters are not sent', () => {
  expect(toSend(all, { version: '2', size: '3', color: 'blue', hurry: 'left over' })).toEqual({
    version: '2',
    size: '3',
    color: 'blue',
  });
});

test('what is decided goes into the form and comes back, and nothing that is no parameter', () => {
  const given = { version: '2', size: '3', nonsense: 'x' };
  expect(valuesWith(all, given)).toEqual({ version: '2', size: '3', color: '', hurry: '' });
  expect(decided(all, valuesWith(all, given))).toEqual({ version: '2' });
});

test('a parameter without a label is called by its name', () => {
  expect(labelsOf([{ ...version, label: 'Version' }, size, color], ['version', 'size'])).toEqual({ version: 'Version', size: 'size' });
});
