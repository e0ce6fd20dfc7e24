import type { ElkNode } from 'elkjs/lib/elk-api';
import type { Stage, StageOutline } from '../api/types';
import { topLevel } from './stages';

export const nodeWidth = 216;
export const nodeHeight = 78;
export const margin = 22;
export const smallestScale = 0.45;
const highest = 460;

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
      'elk.padding': '[left=0,top=0,right=0,bottom=0]',
      'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
      'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
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

export interface View {
  x: number;
  y: number;
  zoom: number;
  /** Of the window that shows the graph. */
  height: number;
}

/** The whole graph in the middle, scaled down where it must; what is still too large is dragged. */
export function viewOf(layout: Layout, width: number): View {
  const room = (width || layout.width + 2 * margin) - 2 * margin;
  const wanted = Math.min(1, room / layout.width, (highest - 2 * margin) / layout.height);
  const zoom = Math.max(smallestScale, wanted);
  const height = Math.min(highest, Math.ceil(layout.height * zoom) + 2 * margin);
  const centred = (space: number, size: number) => Math.max(margin, (space - size * zoom) / 2);
  return { x: centred(room + 2 * margin, layout.width), y: centred(height, layout.height), zoom, height };
}
