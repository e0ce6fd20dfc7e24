import type { Json, Outcome, Plan, PlannedChange, PlannedOperation, PlannedStage, PlanProblem } from '../api/types';
import { readable } from '../executions/stages';
import { texts } from './texts';

/** What somebody looks for first: what goes away, then what is new. */
export type Weight = 'takes' | 'makes' | 'changes';

/** Kinds are the API's; a newer one is told by its beginning. */
const takes = /^(destroy|delete|disable|terminate|detach|deregister|cancel|undo)/;
const makes = /^(create|clone|enable|register|runJob|deploy|bake)/;

export function weightOf({ kind, what }: PlannedOperation): Weight {
  if (kind === 'resizeServerGroup' && sizeIn(what) === 0) return 'takes';
  return takes.test(kind) ? 'takes' : makes.test(kind) ? 'makes' : 'changes';
}

const word = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/** What an operation is about: the cluster of a new server group, else the thing's own name. */
export function targetOf({ what }: PlannedOperation): string {
  const own = word(what.serverGroupName) ?? word(what.name) ?? word(what.imageId);
  if (own !== undefined && word(what.application) === undefined) return own;
  if (Array.isArray(what.instanceIds)) return what.instanceIds.map(String).join(', ');
  const parts = [word(what.application), word(what.stack), word(what.freeFormDetails)];
  if (parts[2] !== undefined && parts[1] === undefined) parts[1] = '';
  return parts.filter((part) => part !== undefined).join('-') || (own ?? '');
}

function sizeIn(what: PlannedOperation['what']): number | undefined {
  const { capacity } = what;
  const desired = typeof capacity === 'object' && capacity !== null && !Array.isArray(capacity) ? capacity.desired : undefined;
  return typeof desired === 'number' ? desired : undefined;
}

/** "Disable demo-v001": an operation in words. */
export function describe(operation: PlannedOperation): string {
  const { kind, what } = operation;
  const target = targetOf(operation);
  const share = typeof what.desiredPercentage === 'number' && what.desiredPercentage < 100 ? what.desiredPercentage : undefined;
  switch (kind) {
    case 'createServerGroup':
      return texts.newServerGroup(target);
    case 'resizeServerGroup':
      return texts.resize(target, sizeIn(what) ?? 0);
    case 'enableServerGroup':
      return share === undefined ? texts.enable(target) : texts.enablePart(target, share);
    case 'disableServerGroup':
      return share === undefined ? texts.disable(target) : texts.disablePart(target, share);
    case 'destroyServerGroup':
      return texts.destroy(target);
    case 'updateLaunchConfig':
      return texts.changeLaunch(target);
    case 'bake':
      return texts.bake([target, word(what.version)].filter(Boolean).join(' '));
    case 'upsertLoadBalancer':
      return texts.loadBalancer(target);
    default:
      return [readable(kind), target].filter(Boolean).join(': ');
  }
}

/** All that a stage and the parts of it ask of clouds, in the order in which they would. Not what its pipeline does. */
export const operationsOf = (stage: PlannedStage): PlannedOperation[] => [
  ...stage.before.flatMap(operationsOf),
  ...stage.operations,
  ...stage.after.flatMap(operationsOf),
];

/** With those of the pipelines that they start; of the stages that surely run, or of those that may. */
const allOperations = (stages: PlannedStage[], may: boolean, isIn = false): PlannedOperation[] =>
  stages.flatMap((stage) => {
    const perhaps = isIn || stage.outcome === 'may run';
    const theirs = childrenIn(stage).flatMap((child) => child.stages);
    return [...(perhaps === may ? operationsOf(stage) : []), ...allOperations(theirs, may, perhaps)];
  });

/** The pipelines that a stage or a part of it starts. */
export const childrenIn = (stage: PlannedStage): NonNullable<PlannedStage['child']>[] => [
  ...stage.before.flatMap(childrenIn),
  ...(stage.child ? [stage.child] : []),
  ...stage.after.flatMap(childrenIn),
];

/** How a stage stands out; nothing: it simply runs. */
export type Mark = Exclude<Outcome, 'runs'> | 'not known';

export function markOf(stage: PlannedStage): Mark | undefined {
  if (stage.outcome !== 'runs') return stage.outcome;
  return isIncomplete(stage) ? 'not known' : undefined;
}

const isIncomplete = (stage: PlannedStage): boolean =>
  stage.incomplete === true || stage.before.some(isIncomplete) || stage.after.some(isIncomplete);

/** There is more to say of it than that it runs. */
export const isTelling = (stage: PlannedStage): boolean =>
  operationsOf(stage).length > 0 || childrenIn(stage).length > 0 || stage.condition !== undefined || isIncomplete(stage);

/** What was taken for granted, with the name of the stage that it was for. */
export const assumptionsOf = (stages: PlannedStage[]): { stage: string; text: string }[] =>
  stages.flatMap((stage) => [
    ...assumedIn(stage).map((text) => ({ stage: stage.name, text })),
    ...childrenIn(stage).flatMap((child) => assumptionsOf(child.stages)),
  ]);

const assumedIn = (stage: PlannedStage): string[] => [
  ...new Set([...stage.before.flatMap(assumedIn), ...(stage.assumed ?? []), ...stage.after.flatMap(assumedIn)]),
];

/** The plan in a line: what goes away first. */
export function summaryOf(plan: Plan): string {
  const operations = allOperations(plan.stages, false).filter(({ refused }) => refused === undefined);
  const possible = allOperations(plan.stages, true).length;
  const named = (kind: string) => [...new Set(operations.filter((each) => each.kind === kind).map(targetOf))];
  const made = operations.filter(({ kind }) => kind === 'createServerGroup').length;
  const counted = new Set(['createServerGroup', 'destroyServerGroup', 'disableServerGroup', 'enableServerGroup', 'resizeServerGroup']);
  const destroyed = named('destroyServerGroup');
  // Traffic leaves what is destroyed anyway.
  const disabled = named('disableServerGroup').filter((name) => !destroyed.includes(name));
  const others = operations.filter(({ kind }) => !counted.has(kind)).length;
  const parts = [
    destroyed.length > 0 && texts.destroys(destroyed),
    disabled.length > 0 && texts.disables(disabled),
    made > 0 && texts.makes(made),
    named('enableServerGroup').length > 0 && texts.enables(named('enableServerGroup')),
    named('resizeServerGroup').length > 0 && texts.resizes(named('resizeServerGroup')),
    others > 0 && texts.others(others, others < operations.length),
    possible > 0 && texts.perhaps(possible, operations.length > 0),
  ].filter((part) => part !== false);
  if (parts.length > 0) return sentence(parts.join(', '));
  return allMarks(plan.stages).some((mark) => mark === 'not known' || mark === 'may run') ? texts.nothingKnown : texts.changesNothing;
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const allMarks = (stages: PlannedStage[]): (Mark | undefined)[] =>
  stages.flatMap((stage) => [markOf(stage), ...childrenIn(stage).flatMap((child) => allMarks(child.stages))]);

export interface Problem {
  /** "Deploy, clusters[0].account": where it is; empty: the pipeline itself. */
  where: string;
  message: string;
}

/**
 * What is wrong with it, each once; `given`: the parameters that have a value, as what is not yet written is no fault.
 */
export function problemsOf(plan: Plan, isMissing: (parameter: string) => boolean): Problem[] {
  const seen = new Set<string>();
  return plan.problems
    .filter(({ field, stage }) => !(field?.startsWith('parameters.') && !stage && isMissing(field.slice('parameters.'.length))))
    .map((problem) => ({ where: placeOf(problem, plan), message: problem.message }))
    .filter(({ where, message }) => {
      const key = `${where}\n${message}`;
      return !seen.has(key) && seen.add(key);
    });
}

function placeOf({ pipeline, stage, field }: PlanProblem, plan: Plan): string {
  const own = !pipeline || pipeline === plan.name;
  // A part is found by the stage that it belongs to: "3<1>2" is of "3".
  const top = stage?.split(/[<>]/)[0];
  const name = own ? plan.stages.find(({ refId }) => refId === top)?.name : undefined;
  const said = name ?? (top ? texts.stage(top) : '');
  return [own ? '' : pipeline, said, field].filter(Boolean).join(', ');
}

/** It would not end well, or could not even start. */
export const isBad = (plan: Plan) => plan.status !== 'SUCCEEDED';

// --- what a new server group has that the one before has not

export interface Difference {
  field: string;
  from?: string;
  to?: string;
}

/** In one line. */
export function valueText(value: Json, field = ''): string {
  if (typeof value === 'string') return value === '' ? texts.emptyText : value;
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object' || each === null)) {
    return value.length === 0 ? texts.none : value.map(String).join(field === 'command' ? ' ' : ', ');
  }
  return JSON.stringify(value);
}

const sizes = ['capacity.min', 'capacity.desired', 'capacity.max'];

/** The changes of a preview for people; the three numbers of a fixed size are one. */
export function differencesOf(changes: PlannedChange[]): Difference[] {
  const size = changes.filter(({ field }) => sizes.includes(field));
  const [first] = size;
  const isOne = first && size.length === sizes.length && size.every(({ from, to }) => from === first.from && to === first.to);
  return changes
    .filter(({ field }) => !isOne || field === first.field || !sizes.includes(field))
    .map(({ field, from, to }) => ({
      field: isOne && field === first.field ? texts.capacity : (texts.fields[field] ?? field),
      ...(from === undefined ? {} : { from: valueText(from, field) }),
      ...(to === undefined ? {} : { to: valueText(to, field) }),
    }));
}

/** A value that nobody knows before: its description stands between these signs. */
export function splitUnknown(text: string): { text: string; unknown: boolean }[] {
  return text
    .split(/⟨([^⟩]*)⟩/)
    .map((part, index) => ({ text: part, unknown: index % 2 === 1 }))
    .filter(({ text: part }) => part !== '');
}
