import type { JsonObject, Stage } from '../api/types';
import { childrenOf, descendantsOf, readable } from '../executions/stages';

/** One new server group in one region, with all that its strategy does around it. */
export interface Deployment {
  stage: Stage;
  account: string;
  region: string;
  /** Not known before it is there. */
  created?: string;
  /** Whom it follows. */
  source?: string;
  sourceSize?: number;
  size: number;
  startsDisabled: boolean;
  start: number;
  end?: number;
}

/** The deployments that a stage consists of: itself, or those below it. Told by what they hold, not by their type. */
export function deploymentsIn(stages: Stage[], stage: Stage): Deployment[] {
  return [stage, ...descendantsOf(stages, stage.id)].flatMap((each) => deploymentOf(each) ?? []);
}

function deploymentOf(stage: Stage): Deployment | undefined {
  const { context, startTime } = stage;
  const account = context.credentials ?? context.account;
  const { region, createdServerGroupName: created } = context;
  const source = object(context.source).serverGroupName;
  const deploys = created !== undefined || context.sourceServerGroupCapacitySnapshot !== undefined || context.serverGroupRequested !== undefined;
  if (!deploys || startTime === undefined || typeof account !== 'string' || typeof region !== 'string') return undefined;
  return {
    stage,
    account,
    region,
    created: text(created),
    source: text(source),
    sourceSize: count(object(context.sourceServerGroupCapacitySnapshot).desired),
    size: count(object(context.capacity).desired) ?? 1,
    startsDisabled: context.startDisabled === true,
    start: startTime,
    end: stage.endTime,
  };
}

export interface Step {
  name: string;
  status: Stage['status'];
  start: number;
  end?: number;
}

/** Its tasks and the stages around it, as far as they have begun. */
export function stepsOf(stages: Stage[], { stage }: Deployment): Step[] {
  const parts = childrenOf(stages, stage.id).map(({ name, status, startTime, endTime }) => ({ name, status, startTime, endTime }));
  const tasks = stage.tasks.map(({ name, status, startTime, endTime }) => ({ name: readable(name), status, startTime, endTime }));
  return [...tasks, ...parts]
    .flatMap(({ name, status, startTime, endTime }) => (startTime === undefined ? [] : { name, status, start: startTime, end: endTime }))
    .sort((a, b) => a.start - b.start);
}

export const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
export const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
/** Deck and expressions write numbers as text. */
export const count = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};
