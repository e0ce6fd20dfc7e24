import { expect, test } from 'vitest';
import type { JsonObject, Stage } from '../api/types';
import { bakesIn, toneOfBake } from './bake';
import { texts } from './texts';

const stage = (id: string, context: JsonObject, more: Partial<Stage> = {}): Stage =>
  ({ id, refId: id, type: 'x', name: id, status: 'SUCCEEDED', requisiteStageRefIds: [], context, outputs: {}, tasks: [], ...more });

const running = { id: 'b1', resourceId: 'r', state: 'RUNNING' };
const parent = stage('1', { region: 'north', status: 'COMPLETED' });
const child = stage('1<1', { region: 'north', status: running }, { parentStageId: '1' });

test('a bake is found below its stage by what it holds', () => {
  expect(bakesIn([child, parent], parent)).toMatchObject([{ stage: child, id: 'b1', state: 'RUNNING', region: 'north' }]);
  expect(bakesIn([stage('2', { status: 'COMPLETED', region: 'north' })], stage('2', {}))).toEqual([]);
});

test('what a stage repeats of its parts is told once', () => {
  const both = { ...parent, outputs: { imageName: 'shop', previouslyBaked: false } };
  expect(bakesIn([child, both], both).map(({ stage: { id } }) => id)).toEqual(['1<1']);
});

test('its image is what the stage put out, and whether it was there before', () => {
  const done = stage('1<1', { region: 'north', status: { ...running, state: 'COMPLETED', result: 'SUCCESS' }, imageName: 'asked' }, {
    outputs: { imageName: 'shop', imageId: 'i-1', previouslyBaked: true },
  });
  expect(bakesIn([done], done)).toMatchObject([{ imageName: 'shop', imageId: 'i-1', isOld: true, result: 'SUCCESS' }]);
});

test('an image whose bake nobody knows is told of as well', () => {
  const found = stage('1<1', { previouslyBaked: false }, { outputs: { imageName: 'shop' } });
  expect(bakesIn([found], found)).toMatchObject([{ id: undefined, isOld: false, imageName: 'shop' }]);
});

test.each([
  [{ state: 'RUNNING' as const }, 'run', 'Baking'],
  [{ state: 'CANCELLED' as const }, 'off', 'Cancelled'],
  [{ state: 'COMPLETED' as const, result: 'FAILURE' as const }, 'bad', 'Failed'],
  [{ state: 'COMPLETED' as const, result: 'SUCCESS' as const }, 'ok', 'Baked'],
  [{ state: 'COMPLETED' as const, result: 'SUCCESS' as const, isOld: true }, 'ok', 'Found again'],
  [{}, 'ok', 'Baked'],
])('%o is %s: %s', (bake, tone, word) => {
  expect(toneOfBake(bake)).toBe(tone);
  expect(texts.state(bake)).toBe(word);
});
