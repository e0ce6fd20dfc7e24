import type { JsonObject, Stage } from '../api/types';
import { descendantsOf } from '../executions/stages';
import type { Tone } from '../status/status';

export type BakeState = 'RUNNING' | 'COMPLETED' | 'CANCELLED';

/** What a stage has on record of the making of one image. */
export interface BakeRecord {
  stage: Stage;
  /** Of the bake; absent: the image was there before, and nobody knows by which. */
  id?: string;
  state?: BakeState;
  result?: 'SUCCESS' | 'FAILURE';
  region?: string;
  imageName?: string;
  imageId?: string;
  /** The image was found again instead of made. */
  isOld?: boolean;
}

/** The bakes that a stage consists of: those of its parts, else its own. Told by what they hold, not by their type. */
export function bakesIn(stages: Stage[], stage: Stage): BakeRecord[] {
  const below = descendantsOf(stages, stage.id).flatMap((each) => bakeOf(each) ?? []);
  return below.length > 0 ? below : [bakeOf(stage)].filter((own) => own !== undefined);
}

function bakeOf(stage: Stage): BakeRecord | undefined {
  const { context, outputs } = stage;
  const status = object(context.status);
  const previous = outputs.previouslyBaked ?? context.previouslyBaked;
  const id = text(status.id);
  if (id === undefined && typeof previous !== 'boolean') return undefined;
  return {
    stage,
    id,
    state: text(status.state) as BakeState | undefined,
    result: text(status.result) as BakeRecord['result'],
    region: text(context.region),
    imageName: text(outputs.imageName) ?? text(context.imageName),
    imageId: text(outputs.imageId) ?? text(context.imageId),
    isOld: typeof previous === 'boolean' ? previous : undefined,
  };
}

/** What the server knows of a bake, whoever asked for it. */
export interface Bake {
  id: string;
  state: BakeState;
  result?: 'SUCCESS' | 'FAILURE';
  key?: string;
  inputs?: JsonObject;
  account?: string;
  region?: string;
  imageId?: string;
  imageName?: string;
  executionId?: string;
}

export function toneOfBake({ state, result }: Pick<BakeRecord, 'state' | 'result'>): Tone {
  if (state === 'RUNNING') return 'run';
  if (state === 'CANCELLED') return 'off';
  return result === 'FAILURE' ? 'bad' : 'ok';
}

const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
