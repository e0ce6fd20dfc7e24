import { expect, test } from 'vitest';
import { EventReader } from './eventReader';

const stream = 'id: 1\nevent: log\ndata: {"text":"a"}\n\n: still here\n\nid: 2\r\nevent: end\r\ndata: {\r\ndata: }\r\n\r\n';

test.each([1, 2, 3, 7, 1_000])('events come out of pieces of %i', (length) => {
  const reader = new EventReader();
  const events = [];
  for (let at = 0; at < stream.length; at += length) events.push(...reader.read(stream.slice(at, at + length)));
  expect(events).toEqual([
    { name: 'log', data: '{"text":"a"}', id: '1' },
    { name: 'end', data: '{\n}', id: '2' },
  ]);
});

test('what a lost connection began is forgotten, but not where it was', () => {
  const reader = new EventReader();
  reader.read('id: 4\ndata: whole\n\nid: 5\ndata: ha');
  reader.forgetRest();
  expect(reader.read('data: other\n\n')).toEqual([{ name: 'message', data: 'other', id: '4' }]);
});
