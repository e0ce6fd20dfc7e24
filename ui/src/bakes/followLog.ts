import { path } from '../api/client';
import { EventReader, type StreamEvent } from './eventReader';

export interface LogListener {
  connected(): void;
  text(text: string): void;
  /** The bake has ended, and its log with it. */
  ended(): void;
  /** Nothing comes at the moment; it is tried again. */
  interrupted(): void;
  /** There is no such log here, or none that may be read. Nothing more will come. */
  refused(status: number): void;
}

const firstPatience = 1_000;
const longestPatience = 15_000;

/** Follows the log of a bake from its beginning to its end, over lost connections. Call what it returns to stop. */
export function followLog(bake: string, listener: LogListener): () => void {
  const stopping = new AbortController();
  void follow(path('bakes', bake, 'log'), listener, stopping.signal);
  return () => stopping.abort();
}

async function follow(url: string, listener: LogListener, signal: AbortSignal) {
  const reader = new EventReader();
  let patience = firstPatience;
  const heard = (event: StreamEvent) => {
    patience = firstPatience;
    if (event.name === 'log') listener.text(textOf(event.data));
    return event.name === 'end';
  };
  while (!signal.aborted) {
    const outcome = await readOnce(url, reader, heard, listener, signal);
    if (signal.aborted) return;
    if (outcome === 'ended') return listener.ended();
    if (typeof outcome === 'number') return listener.refused(outcome);
    listener.interrupted();
    await pause(patience, signal);
    patience = Math.min(2 * patience, longestPatience);
  }
}

/** One connection, resumed behind the last event. A number: the status of a refusal that asking again will not change. */
async function readOnce(
  url: string, reader: EventReader, heard: (event: StreamEvent) => boolean, listener: LogListener, signal: AbortSignal,
): Promise<'ended' | 'broken' | number> {
  try {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (reader.id !== '') headers['Last-Event-ID'] = reader.id;
    const response = await fetch(url, { headers, signal });
    if (response.status >= 400 && response.status < 500) return response.status;
    if (!response.ok || !response.body) return 'broken';
    listener.connected();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      for (const event of reader.read(piece.value)) {
        if (!heard(event)) continue;
        pieces.cancel().catch(() => {});
        return 'ended';
      }
    }
  } catch {
    // The connection broke off, or nobody wants it any more.
  }
  reader.forgetRest();
  return 'broken';
}

function textOf(data: string): string {
  try {
    const { text } = JSON.parse(data) as { text?: unknown };
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
