/**
 * POST /expressions/explain as the page needs it: paths, texts, numbers, comparisons and `.size()`. Names come from
 * where the server takes them; the language itself is the server's.
 */

/** Every `${...}` of a text, explained for a stage of an execution. */
export function explain(text, execution, stage) {
  const open = text.lastIndexOf('${');
  if (open >= 0 && !text.slice(open).includes('}')) {
    return [failed(text, [], open + 3, `the expression at character ${open + 3} has no end: '}' is missing`)];
  }
  return [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, written]) => explainOne(written.trim(), placesOf(execution, stage)));
}

const failed = (expression, names, column, message, code = '') =>
  ({ expression, names, error: { message, code, kind: 'SpelEvaluationException', column } });

function explainOne(expression, places) {
  const names = [];
  try {
    const [, left, sign, right] = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/.exec(expression) ?? [];
    const value = sign === undefined ? valueOf(expression, 0, places, names)
      : compare[sign](valueOf(left, 0, places, names), valueOf(right, expression.length - right.length, places, names));
    return { expression, names, value, type: typeName(value), ...suggestion(value === null, names, places) };
  } catch ({ column, message }) {
    return { ...failed(expression, names, column, `EL1011E: ${message}`, 'EL1011E'), ...suggestion(true, names, places) };
  }
}

const compare = {
  '==': (a, b) => a === b, '!=': (a, b) => a !== b, '<': (a, b) => a < b, '>': (a, b) => a > b, '<=': (a, b) => a <= b, '>=': (a, b) => a >= b,
};

const typeName = (value) =>
  value === null ? 'Null' : Array.isArray(value) ? 'List' : { string: 'String', number: 'Integer', boolean: 'Boolean', object: 'Map' }[typeof value];

/** Whence a stage's names come, the nearest first. */
function placesOf(execution, stage) {
  const { trigger, ...rest } = execution;
  const places = [
    ['the execution', { execution: rest }], ['the trigger', { trigger }], ["the trigger's parameters", { parameters: trigger.parameters ?? {} }],
  ];
  if (stage) places.push(["this stage's context", stage.context], ["this stage's outputs", stage.outputs]);
  for (let above = stage; above; ) {
    const before = above.parentStageId ? [above.parentStageId] : above.requisiteStageRefIds;
    above = execution.stages.find(({ id, refId }) => before.includes(id) || before.includes(refId));
    if (above) places.push([`outputs of stage '${above.name}'`, above.outputs]);
  }
  return places;
}

function valueOf(text, start, places, names) {
  if (text === '') throw { column: start + 1, message: 'something is missing here' };
  if (/^'.*'$/.test(text)) return text.slice(1, -1);
  if (/^-?\d+$/.test(text)) return Number(text);
  if (['true', 'false', 'null'].includes(text)) return JSON.parse(text);
  const [name, ...path] = text.split('.');
  const [foundIn, holder] = places.find(([, object]) => name in object) ?? ['nowhere', {}];
  names.push({ name, foundIn, value: holder[name] ?? null });
  let value = holder[name] ?? null;
  let column = start + name.length + 2;
  for (const part of path) {
    if (value === null) throw { column, message: `${part.replace('()', '(...)')} is called on null: ?.${part} gives null then` };
    value = part === 'size()' || part === 'length()' ? Object.keys(value).length : (value[part] ?? null);
    column += part.length + 1;
  }
  return value;
}

function suggestion(inVain, names, places) {
  const missing = inVain && names.find(({ foundIn }) => foundIn === 'nowhere');
  const near = missing && places.flatMap(([, object]) => Object.keys(object)).find((known) => isNear(known, missing.name));
  return near ? { suggestion: near } : {};
}

/** One letter more, less or other. */
function isNear(a, b) {
  let same = 0;
  while (same < Math.min(a.length, b.length) && a[same] === b[same]) ++same;
  const [x, y] = [a.slice(same), b.slice(same)];
  return x.slice(1) === y || x === y.slice(1) || x.slice(1) === y.slice(1);
}
