/** An event of a server-sent event stream. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface StreamEvent {
  name: string;
  data: string;
  /** Of the last event that had one. */
  id: string;
}

/** Makes events of a stream's text, which comes in pieces of any length. */
export class EventReader {
  private rest = '';
  private name = '';
  private data: string[] = [];
  private nextId = '';
  /** Of the last whole event: to go on from after a connection broke off. */
  id = '';

  /** The events that this piece completes. */
  read(piece: string): StreamEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  /** What a broken connection left unfinished. */
  forgetRest() {
    this.rest = '';
    this.name = '';
    this.data = [];
    this.nextId = this.id;
  }

  private line(line: string): StreamEvent | undefined {
    if (line === '') return this.complete();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined; // a comment keeps the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.name = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id') this.nextId = value;
    return undefined;
  }

  private complete(): StreamEvent | undefined {
    this.id = this.nextId;
    const event = { name: this.name || 'message', data: this.data.join('\n'), id: this.id };
    const isEmpty = this.data.length === 0;
    this.name = '';
    this.data = [];
    return isEmpty ? undefined : event;
  }
}
