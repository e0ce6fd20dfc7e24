/** So many lines of a log are drawn; the whole text is one link away. */
export const linesDrawn = 2_000;

/** The end of a log that grows. */
export interface Tail {
  /** The last one may go on. */
  lines: string[];
  /** How many came before them. */
  dropped: number;
}

export const emptyTail: Tail = { lines: [], dropped: 0 };

/** With what came in, which may end in the middle of a line. Colours and progress bars that were drawn over are left out. */
export function appended({ lines, dropped }: Tail, text: string, most = linesDrawn): Tail {
  if (text === '') return { lines, dropped };
  const open = lines.at(-1) ?? '';
  const fresh = (open + text.replace(/\r\n/g, '\n')).split('\n');
  const all = [...lines.slice(0, -1), ...fresh];
  // Behind a line's end stands an empty one, which is not drawn.
  const surplus = Math.max(0, all.length - (all.at(-1) === '' ? 1 : 0) - most);
  return { lines: surplus === 0 ? all : all.slice(surplus), dropped: dropped + surplus };
}

const longestLine = 4_000;
const cut = (line: string) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);

/** As a terminal would leave it: a lone carriage return begins the line anew. */
export const shown = (line: string): string =>
  cut(line)
    // CSI sequences: ECMA-48, section 5.4.
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
    .replace(/^[^]*\r(?=[^])/, '')
    .replace(/\r$/, '');

/** The lines as a terminal shows them; the empty one behind the last line's end is none. */
export function drawn({ lines }: Tail): string[] {
  const all = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  return all.map(shown);
}
