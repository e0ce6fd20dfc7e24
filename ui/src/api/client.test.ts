import { afterEach, expect, test, vi } from 'vitest';
import { get, path, request } from './client';

const answers = (status: number, body: string) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body === '' ? null : body, { status, statusText: 'Reason' })));
afterEach(() => vi.unstubAllGlobals());

test('names are encoded segment by segment', () => {
  expect(path('pipelines', 'v2', 'a/b', 'Deploy #1 demo')).toBe('/pipelines/v2/a%2Fb/Deploy%20%231%20demo');
});

test('an empty answer is undefined', async () => {
  answers(200, '');
  expect(await request('PUT', '/x')).toBeUndefined();
});

test.each<[string, string, string]>([
  ['its message', '{"error":"Not Found","message":"no pipeline x"}', 'no pipeline x'],
  ['else its error', '{"error":"Not Found"}', 'Not Found'],
  ['else the status, for a body that is no JSON', '<html>', '404 Reason'],
  ['else the status, for no body', '', '404 Reason'],
])('a refusal says %s', async (_name, body, message) => {
  answers(404, body);
  await expect(get('/x')).rejects.toMatchObject({ status: 404, message, path: '/x' });
});

test('no answer at all is said in words', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('failed'))));
  await expect(get('/x')).rejects.toMatchObject({ status: 0, message: expect.stringContaining('does not answer') });
});
