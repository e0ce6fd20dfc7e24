import type { Execution, Stage, Task } from '../api/types';
import { isComplete, isFailure } from '../status/status';
import { decisionOf } from './decisions';

/** What a person configured: the boxes of the graph and the segments of the bar. */
export const topLevel = (stages: Stage[]) => stages.filter((stage) => !stage.parentStageId);

export const childrenOf = (stages: Stage[], id: string) => stages.filter((stage) => stage.parentStageId === id);

/** All below a stage, in display order. */
export function descendantsOf(stages: Stage[], id: string): Stage[] {
  return childrenOf(stages, id).flatMap((child) => [child, ...descendantsOf(stages, child.id)]);
}

/** What a running stage, or the part of it that runs, waits for. */
export function waitingFor(stages: Stage[], stage: Stage): string | undefined {
  for (const each of [stage, ...descendantsOf(stages, stage.id)]) {
    if (each.status !== 'RUNNING') continue;
    const said = each.waitingFor ?? each.context.waitingFor;
    if (typeof said === 'string' && said !== '') return said;
  }
  return undefined;
}

/** A person has to decide before this stage goes on. */
export const needsYou = (stage: Stage) => stage.status === 'RUNNING' && decisionOf(stage) === 'judgment';

export interface Progress {
  done: number;
  total: number;
}

/** How many of a stage's parts are done: its synthetic stages, or its tasks where it has none. */
export function progressOf(stages: Stage[], stage: Stage): Progress {
  const parts: { status: Stage['status'] }[] = descendantsOf(stages, stage.id);
  const counted = parts.length > 0 ? [...parts, ...stage.tasks] : stage.tasks;
  return { done: counted.filter((part) => isComplete(part.status)).length, total: counted.length };
}

/** The messages of a stage's own failure, most telling first. */
export function errorsOf(stage: Stage): string[] {
  const exception = stage.context.exception as { details?: { error?: string; errors?: string[] } } | undefined;
  const details = exception?.details;
  const errors = (details?.errors ?? []).filter((error) => error !== '');
  if (errors.length > 0) return errors;
  if (details?.error) return [details.error];
  const reason = stage.context.failureMessage ?? stage.context.failureReason;
  return typeof reason === 'string' && reason !== '' ? [reason] : [];
}

/** Where a failed stage's failure comes from: itself, or the first failed part that says why. */
export function causeOf(stages: Stage[], stage: Stage): { stage: Stage; errors: string[] } | undefined {
  if (!isFailure(stage.status)) return undefined;
  for (const each of [...descendantsOf(stages, stage.id).filter((part) => isFailure(part.status)), stage]) {
    const errors = errorsOf(each);
    if (errors.length > 0) return { stage: each, errors };
  }
  return { stage, errors: [] };
}

/** The stage that somebody who opens the execution wants to see first. */
export function mostTelling(execution: Execution): Stage | undefined {
  const stages = topLevel(execution.stages);
  return (
    stages.find(needsYou) ??
    stages.find((stage) => isFailure(stage.status)) ??
    stages.find((stage) => stage.status === 'RUNNING') ??
    (isComplete(execution.status) ? longest(stages) : undefined) ??
    stages.findLast((stage) => stage.startTime !== undefined) ??
    stages[0]
  );
}

/** Where the time went. */
function longest(stages: Stage[]): Stage | undefined {
  const took = ({ startTime, endTime }: Stage) => (startTime !== undefined && endTime !== undefined ? endTime - startTime : -1);
  const [first] = stages.toSorted((a, b) => took(b) - took(a));
  return first && took(first) >= 0 ? first : undefined;
}

export interface Row {
  stage: Stage;
  depth: number;
}

/** Every stage with its depth, each parent before its parts, whatever side of it they stand on. */
export function nested(stages: Stage[]): Row[] {
  const below = (stage: Stage, depth: number): Row[] => [
    { stage, depth },
    ...childrenOf(stages, stage.id).flatMap((child) => below(child, depth + 1)),
  ];
  return topLevel(stages).flatMap((stage) => below(stage, 0));
}

export interface LogLine {
  time: number;
  stage: Stage;
  task?: Task;
  what: 'started' | 'ended';
}

/** When which task and stage began and ended, oldest first; the end of one stands before the start of the next. */
export function logOf(stages: Stage[], of: Stage): LogLine[] {
  const lines: LogLine[] = [];
  const add = (stage: Stage, task?: Task) => {
    const timed = task ?? stage;
    if (timed.startTime !== undefined) lines.push({ time: timed.startTime, stage, task, what: 'started' });
    if (timed.endTime !== undefined) lines.push({ time: timed.endTime, stage, task, what: 'ended' });
  };
  for (const stage of [of, ...descendantsOf(stages, of.id)]) {
    add(stage);
    stage.tasks.forEach((task) => add(stage, task));
  }
  return lines.sort((a, b) => a.time - b.time || rank(a) - rank(b));
}

/** At one moment: a stage starts, then its task; a task ends, then its stage. */
function rank({ what, task }: LogLine): number {
  if (what === 'started') return task ? 3 : 2;
  return task ? 0 : 1;
}

/** "waitForUpInstances" reads "Wait for up instances". */
export function readable(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
