import type { Json } from '../api/types';

/** What the server answers about one expression of a text. */
export interface Explanation {
  expression: string;
  names: LookedUp[];
  /** Absent for one that failed. */
  value?: Json;
  type?: string;
  error?: { message: string; code?: string; kind?: string; column?: number };
  /** The nearest name that there is. */
  suggestion?: string;
}

export interface LookedUp {
  name: string;
  foundIn: string;
  value: Json;
}

export interface Explained {
  expressions: Explanation[];
}

/** A text takes its value: neither an error nor null, which both leave the text as it is. */
export const works = ({ error, value }: Explanation) => error === undefined && value !== null;

export const isNowhere = ({ foundIn }: LookedUp) => foundIn === 'nowhere';

/** A text cut in three, so that the middle can be marked. */
export interface Marked {
  before: string;
  mark: string;
  after: string;
}

/** The word, or else the character, at a column; the server counts bytes of UTF-8, from 1. */
export function markAt(expression: string, column: number | undefined): Marked | undefined {
  if (column === undefined || column < 1) return undefined;
  const bytes = new TextEncoder().encode(expression);
  const before = new TextDecoder().decode(bytes.slice(0, column - 1));
  const rest = expression.slice(before.length);
  // Where the text ends too early there is nothing to mark but its end.
  const mark = /^(?:#?\w+|[^]?)/u.exec(rest)?.[0] ?? '';
  return { before, mark, after: rest.slice(mark.length) };
}

/** A value as one line that fits. */
export function shortened(value: Json | undefined, longest = 90): string {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > longest ? text.slice(0, longest - 1) + '…' : text;
}

/** The same, of a text that is an answer and not a value: without quotes. */
export function plain(value: Json | undefined, longest = 90): string {
  if (typeof value !== 'string') return shortened(value, longest);
  return value.length > longest ? value.slice(0, longest - 1) + '…' : value;
}

/** A line of the table of names: a name, or what the expression reads below it. */
export interface NameLine {
  name: string;
  foundIn: string;
  /** Absent: there is nothing at that place. */
  value?: Json;
  isPart: boolean;
}

/**
 * Each name once, as it was found the first time, and below it the fields of it that the expression reads: a
 * map of many fields is cut short, and the one that matters must not be lost.
 */
export function nameLines({ expression, names }: Explanation): NameLine[] {
  const distinct = names.filter(({ name }, index) => names.findIndex((other) => other.name === name) === index);
  return distinct.flatMap((found) => {
    const line = { name: found.name, foundIn: found.foundIn, value: isNowhere(found) ? undefined : found.value, isPart: false };
    const parts = typeof line.value === 'object' && line.value !== null ? pathsBelow(expression, found.name) : [];
    return [line, ...parts.map((path) => ({ ...line, name: found.name + path, value: at(line.value, path), isPart: true }))];
  });
}

const step = /\??\.(\w+)(?![\w(])|\['([^']+)'\]|\[(\d+)\]/g;

/** The fields of a name that an expression reads: ".env", "['a b'][0]". What stands in quotes reads nothing. */
function pathsBelow(expression: string, name: string): string[] {
  const word = name.replace(/[^\w]/g, '\\$&');
  const reads = new RegExp(`'(?:[^']|'')*'|(?<![\\w.#])${word}((?:${step.source})+)`, 'g');
  const paths = [...expression.matchAll(reads)].flatMap(([, path]) => (path === undefined ? [] : [path]));
  return [...new Set(paths)];
}

function at(value: Json | undefined, path: string): Json | undefined {
  for (const [, field, quoted, index] of path.matchAll(step)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Array.isArray(value) ? value[Number(index)] : value[field ?? quoted ?? index ?? ''];
  }
  return value;
}
