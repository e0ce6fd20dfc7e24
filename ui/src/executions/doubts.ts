import type { Json, Stage } from '../api/types';
import { isObject, rawTexts, withBraces, withoutSigns } from '../expressions/raw';
import { isFailure } from '../status/status';
import { descendantsOf } from './stages';

/** An expression of a stage that somebody may want explained. */
export interface Doubt {
  /**
   * condition: it should have been true. failed: it was evaluated, failed and kept its text. kept: a text with
   * an expression that nobody reported as failed; its field may be meant to keep it.
   */
  kind: 'condition' | 'failed' | 'kept';
  /** Whose names it uses: the stage or a part of it. */
  stage: Stage;
  /** The field, as a path: "clusters[0].application"; absent: the field is no longer there. */
  field?: string;
  /** As it is written. */
  text: string;
  /** What the server is to explain; absent: nothing is left to explain. */
  ask?: string;
  /** What was recorded when it failed. */
  said: string[];
  /** Of a condition: what it gave. */
  result?: Json;
}

interface Finding {
  /** What the summary calls it: without braces, its parts run together. */
  name: string;
  descriptions: string[];
}

/** What a stage has on record about expressions that failed. */
function findingsOf(stage: Stage): Finding[] {
  const summary = stage.context.expressionEvaluationSummary;
  if (!isObject(summary)) return [];
  return Object.entries(summary).map(([name, list]) => {
    const descriptions = (Array.isArray(list) ? list : []).map((one) => (isObject(one) ? one.description : undefined));
    return { name, descriptions: [...new Set(descriptions.filter((one) => typeof one === 'string'))] };
  });
}

/** The condition that a stage checks, whatever the stage's type, unless it was met. */
function conditionOf(stage: Stage): Doubt | undefined {
  const details = stage.context.context;
  if (!isObject(details) || details.expression === undefined) return undefined;
  const result = details.expressionResult as Json | undefined;
  const missed = result === undefined ? isFailure(stage.status) : String(result).toLowerCase() !== 'true';
  if (!missed) return undefined;
  // With braces it was evaluated as a field, before the check; the server keeps what was written.
  const written = typeof stage.context.conditionAsWritten === 'string' ? stage.context.conditionAsWritten : undefined;
  const left = typeof details.expression === 'string' ? details.expression : JSON.stringify(details.expression);
  const evaluated = typeof details.expression !== 'string' || /^(true|false)$/i.test(left.trim());
  return {
    kind: 'condition', stage, field: 'context.expression', text: written ?? left, result,
    ask: written ?? (evaluated ? undefined : withBraces(left)),
    said: typeof details.failureMessage === 'string' && details.failureMessage !== '' ? [details.failureMessage] : [],
  };
}

/** Before its start a stage's fields hold expressions because nothing has read them. */
const hasRead = ({ status }: Stage) => status !== 'NOT_STARTED' && status !== 'SKIPPED';

/** What is the engine's own in a context: a text with an expression there has not failed. */
const notAField = new Set(['expressionEvaluationSummary', 'exception', 'failureMessage', 'waitingFor', 'variablesAsWritten',
  'conditionsAsWritten', 'conditionAsWritten']);

const fieldsOf = ({ context }: Stage) => Object.fromEntries(Object.entries(context).filter(([key]) => !notAField.has(key)));

function ownDoubts(stage: Stage): Doubt[] {
  if (!hasRead(stage)) return [];
  const findings = findingsOf(stage);
  const matched = new Set<Finding>();
  const fields = rawTexts(fieldsOf(stage)).map(({ field, text }): Doubt => {
    const finding = findings.find(({ name }) => withoutSigns(name) === withoutSigns(text));
    if (finding) matched.add(finding);
    return { kind: finding ? 'failed' : 'kept', stage, field, text, ask: text, said: finding?.descriptions ?? [] };
  });
  const gone = findings
    .filter((finding) => !matched.has(finding))
    .map(({ name, descriptions }): Doubt => ({ kind: 'failed', stage, text: name, ask: withBraces(name), said: descriptions }));
  const condition = conditionOf(stage);
  return [...(condition ? [condition] : []), ...fields, ...gone];
}

const rank = { condition: 0, failed: 1, kept: 2 };

/** What is in doubt in a stage and its parts, most telling first; a text that parts inherit is told once. */
export function doubtsOf(stages: Stage[], stage: Stage): Doubt[] {
  const all = [stage, ...descendantsOf(stages, stage.id)].flatMap(ownDoubts);
  const seen = new Set<string>();
  return all
    .toSorted((a, b) => rank[a.kind] - rank[b.kind])
    .filter(({ ask, text, kind }) => {
      const name = ask === undefined ? `${kind} ${text}` : withoutSigns(ask);
      if (seen.has(name)) return false;
      seen.add(name);
      return true;
    });
}
