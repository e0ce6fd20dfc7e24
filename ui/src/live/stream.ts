export type LiveState = 'connecting' | 'live' | 'reconnecting';

export interface StreamListener {
  state(state: LiveState): void;
  /** A connection that could not say where it left off: what was cached may have missed something. */
  restarted(): void;
  /** A connection that goes on where the last one broke off; the inventory's events are not repeated. */
  resumed(): void;
  event(name: string, data: unknown): void;
}

const names = ['execution', 'document', 'inventory', 'reset'];
const firstPatience = 1_000;
const longestPatience = 15_000;

/**
 * Holds one server-sent event stream. The browser resumes a lost connection by itself, with the id of
 * the last event; when it gives up (an answer other than 200), a new stream begins here, ever slower.
 */
export function openStream(url: string, listener: StreamListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let patience = firstPatience;

  const connect = () => {
    let resumable = false;
    source = new EventSource(url);
    source.onopen = () => {
      patience = firstPatience;
      listener.state('live');
      if (resumable) listener.resumed();
      else listener.restarted();
    };
    source.onerror = () => {
      listener.state('reconnecting');
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(connect, patience);
      patience = Math.min(2 * patience, longestPatience);
    };
    for (const name of names) {
      source.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) => {
        resumable ||= lastEventId !== '';
        listener.event(name, parse(data));
      });
    }
  };
  connect();

  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
