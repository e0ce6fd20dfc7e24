import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLog } from './followLog';

vi.setConfig({ testTimeout: 20_000 });

/** Answers each connection in turn; the last answer is given again. */
let answers: ((response: ServerResponse, request: IncomingMessage) => void)[];
let resumedFrom: (string | undefined)[];
let server: Server;
let heard: string[];

beforeEach(async () => {
  answers = [];
  resumedFrom = [];
  heard = [];
  server = createServer((request, response) => {
    expect(request.url).toBe('/bakes/b%2F1/log');
    resumedFrom.push(request.headers['last-event-id'] as string | undefined);
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const real = globalThis.fetch;
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => real(base + url, init));
  // A second's patience is long for a test.
  const later = globalThis.setTimeout;
  vi.stubGlobal('setTimeout', (act: () => void, ms: number) => later(act, ms / 100));
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  vi.unstubAllGlobals();
});

/** Follows to the end, or to a refusal. */
const follow = () =>
  new Promise<void>((resolve) => {
    followLog('b/1', {
      connected: () => heard.push('connected'),
      text: (text) => heard.push(`text ${text}`),
      ended: () => resolve(void heard.push('ended')),
      interrupted: () => heard.push('interrupted'),
      refused: (status) => resolve(void heard.push(`refused ${status}`)),
    });
  });

const stream = (response: ServerResponse) => response.writeHead(200, { 'Content-Type': 'text/event-stream' });
const log = (id: number, text: string) => `id: ${id}\nevent: log\ndata: ${JSON.stringify({ text })}\n\n`;
const end = 'event: end\ndata: {"state":"COMPLETED","result":"SUCCESS"}\n\n';

test('a log is followed to its end', async () => {
  answers = [(response) => stream(response).end(`${log(1, 'a\n')}${log(2, 'b\n')}${end}`)];
  await follow();
  expect(heard).toEqual(['connected', 'text a\n', 'text b\n', 'ended']);
});

test('a lost connection goes on behind the last event', async () => {
  answers = [
    (response) => stream(response).write(log(7, 'half'), () => response.destroy()),
    (response) => response.writeHead(503).end(),
    (response) => stream(response).end(log(8, ' whole') + end),
  ];
  await follow();
  expect(heard).toEqual(['connected', 'text half', 'interrupted', 'interrupted', 'connected', 'text  whole', 'ended']);
  expect(resumedFrom).toEqual([undefined, '7', '7']);
});

test('a log that is not there is not asked for again', async () => {
  answers = [(response) => response.writeHead(404).end('{"message":"no such bake"}')];
  await follow();
  expect(heard).toEqual(['refused 404']);
});

test('what is no text of a log does no harm', async () => {
  answers = [(response) => stream(response).end(`event: log\ndata: {broken\n\nevent: other\ndata: {"text":"x"}\n\n${end}`)];
  await follow();
  expect(heard).toEqual(['connected', 'text ', 'ended']);
});

test('nothing is heard after the stop', async () => {
  answers = [(response) => void stream(response).write(log(1, 'a'))];
  let stop = () => {};
  await new Promise<void>((resolve) => {
    const said = (what: string) => () => void heard.push(what);
    stop = followLog('b/1', {
      connected: said('connected'), ended: said('ended'), interrupted: said('interrupted'), refused: said('refused'),
      text: () => resolve(),
    });
  });
  const closed = new Promise((resolve) => server.on('connection', resolve));
  stop();
  server.closeAllConnections();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 10_000))]);
  expect(heard).toEqual(['connected']);
});
