export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every text below a value that holds `${`, keys of objects included, with its path. */
export function rawTexts(value: unknown, path = ''): { field: string; text: string }[] {
  if (typeof value === 'string') return value.includes('${') ? [{ field: path, text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => rawTexts(item, `${path}[${index}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const below = path === '' ? key : `${path}.${key}`;
    return [...(key.includes('${') ? [{ field: path, text: key }] : []), ...rawTexts(item, below)];
  });
}

/** A text and its name in the summary give the same: neither braces, nor blanks, nor what the engine adds to calls. */
export const withoutSigns = (text: string) => text.replace(/#root\.execution\s*,?/g, '').replace(/[${}\s]/g, '');

/** A text to evaluate, from one that may lack the braces. */
export const withBraces = (text: string) => (text.includes('${') ? text : '${' + text + '}');
