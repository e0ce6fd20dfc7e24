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

/** Each name once, in the order of its first look-up: what was found where the first time, "found before" later. */
export function distinctNames(names: LookedUp[]): LookedUp[] {
  return names.filter(({ name }, index) => names.findIndex((other) => other.name === name) === index);
}
