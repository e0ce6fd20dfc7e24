import type { ElkNode } from 'elkjs/lib/elk-api';
import type { Stage, StageOutline } from '../api/types';
import { topLevel } from './stages';

export const nodeWidth = 216;
export const nodeHeight = 78;

type Graphed = Pick<StageOutline, 'id' | 'refId' | 'requisiteStageRefIds'>;

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
}

/** Which stage follows which. What points to a stage that is not there is left out. */
export function edgesOf(stages: Graphed[]): GraphEdge[] {
  const byRef = new Map(stages.map((stage) => [stage.refId, stage.id]));
  return stages.flatMap((stage) =>
    stage.requisiteStageRefIds.flatMap((ref) => {
      const source = byRef.get(ref);
      return source === undefined || source === stage.id ? [] : [{ id: `${source}-${stage.id}`, source, target: stage.id }];
    }),
  );
}

/** The layout depends on this alone: while it stays the same, nothing moves. */
export function shapeOf(stages: Stage[]): string {
  const shape = topLevel(stages).map(({ id, refId, requisiteStageRefIds }) => ({ id, refId, requisiteStageRefIds }));
  return JSON.stringify(shape);
}

/** What elk is asked: columns from left to right, siblings in the order of the pipeline. */
export function elkInput(shape: string): ElkNode {
  const stages = JSON.parse(shape) as Graphed[];
  return {
    id: 'execution',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.layered.spacing.nodeNodeBetweenLayers': '52',
      'elk.spacing.nodeNode': '20',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
    },
    children: stages.map(({ id }) => ({ id, width: nodeWidth, height: nodeHeight })),
    edges: edgesOf(stages).map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
}

export interface Layout {
  places: Record<string, { x: number; y: number }>;
  width: number;
  height: number;
}

/** Elk is large: it is loaded when the first graph is drawn. */
export async function layOut(shape: string): Promise<Layout> {
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js');
  const placed = await new Elk().layout(elkInput(shape));
  const places = Object.fromEntries((placed.children ?? []).map(({ id, x, y }) => [id, { x: x ?? 0, y: y ?? 0 }]));
  return { places, width: placed.width ?? nodeWidth, height: placed.height ?? nodeHeight };
}
