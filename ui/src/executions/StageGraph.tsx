import '@xyflow/react/dist/base.css';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import {
  Handle,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeChange,
  type NodeProps,
  type ReactFlowInstance,
} from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import type { Execution, Stage } from '../api/types';
import { Failed, Loading } from '../states/states';
import { StatusIcon } from '../status/StatusIcon';
import { isComplete, toneOf } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { Elapsed } from '../time/Elapsed';
import classes from './StageGraph.module.css';
import { edgesOf, layOut, margin, nodeHeight, nodeWidth, shapeOf, smallestScale, viewOf, type Layout } from './layout';
import { needsYou, progressOf, readable, topLevel, waitingFor, type Progress } from './stages';
import { texts } from './texts';

interface StageNodeData extends Record<string, unknown> {
  stage: Stage;
  progress: Progress;
  waits?: string;
}
type StageNode = Node<StageNodeData, 'stage'>;

const nodeTypes = { stage: StageBox };

interface Props {
  execution: Execution;
  selected?: string;
  onSelect: (stage: string) => void;
}

/** What follows what, drawn from left to right; a click or Enter selects a stage. */
export function StageGraph({ execution, selected, onSelect }: Props) {
  const shape = shapeOf(execution.stages);
  // Not a resource of the API, but as slow as one: the layout is computed once a shape.
  const layout = useQuery({ queryKey: ['layout', shape], queryFn: () => layOut(shape), staleTime: Infinity });
  if (layout.error) return <Failed error={layout.error} onRetry={() => void layout.refetch()} />;
  if (!layout.data) return <Loading rows={1} height={nodeHeight + 2 * margin} />;
  return <Drawn key={shape} execution={execution} layout={layout.data} selected={selected} onSelect={onSelect} />;
}

function Drawn({ execution, layout, selected, onSelect }: Props & { layout: Layout }) {
  const nodes = useMemo(() => nodesOf(execution, layout, selected), [execution, layout, selected]);
  const edges = useMemo(() => drawnEdges(execution), [execution]);
  const { ref, width } = useElementSize();
  const { height, ...view } = viewOf(layout, width);
  const [flow, setFlow] = useState<ReactFlowInstance<StageNode>>();
  useEffect(() => {
    void flow?.setViewport({ x: view.x, y: view.y, zoom: view.zoom });
  }, [flow, view.x, view.y, view.zoom]);

  // Clicks and the keyboard both end here.
  const onNodesChange = (changes: NodeChange<StageNode>[]) => {
    for (const change of changes) if (change.type === 'select' && change.selected) onSelect(change.id);
  };
  return (
    <div ref={ref} className={classes.graph} style={{ height }} role="group" aria-label={texts.graph}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onInit={setFlow}
        onNodesChange={onNodesChange}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable
        multiSelectionKeyCode={null}
        deleteKeyCode={null}
        preventScrolling={false}
        zoomOnScroll={false}
        zoomOnDoubleClick={false}
        defaultViewport={view}
        minZoom={smallestScale}
        maxZoom={1}
        proOptions={{ hideAttribution: true }}
      />
    </div>
  );
}

function nodesOf(execution: Execution, layout: Layout, selected?: string): StageNode[] {
  return topLevel(execution.stages).map((stage) => ({
    id: stage.id,
    type: 'stage',
    position: layout.places[stage.id] ?? { x: 0, y: 0 },
    width: nodeWidth,
    height: nodeHeight,
    selected: stage.id === selected,
    ariaRole: 'button',
    ariaLabel: `${stage.name}: ${wordFor(stage)}`,
    data: {
      stage,
      progress: progressOf(execution.stages, stage),
      waits: waitingFor(execution.stages, stage),
    },
  }));
}

function drawnEdges(execution: Execution): Edge[] {
  const stages = topLevel(execution.stages);
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  return edgesOf(stages).map((edge) => {
    const source = byId.get(edge.source)!;
    const target = byId.get(edge.target)!;
    const passed = isComplete(source.status) && target.startTime !== undefined;
    return {
      ...edge,
      type: 'default',
      focusable: false,
      className: target.status === 'RUNNING' && !needsYou(target) ? classes.flowing : passed ? classes.passed : classes.ahead,
    };
  });
}

const wordFor = (stage: Stage) =>
  needsYou(stage) ? statusTexts.needsYou : (statusTexts.status[stage.status] ?? stage.status);

function StageBox({ data, selected }: NodeProps<StageNode>) {
  const { stage, progress, waits } = data;
  const yours = needsYou(stage);
  return (
    <div className={classes.box} data-tone={yours ? 'wait' : toneOf(stage.status)} data-selected={selected || undefined}>
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <div className={classes.head}>
        <StatusIcon status={stage.status} needsYou={yours} size={15} />
        <span className={classes.name}>{stage.name}</span>
      </div>
      <div className={classes.below}>
        <span className={classes.kind}>{waits ?? secondLine(stage, progress)}</span>
        <Elapsed of={stage} />
      </div>
      <Parts progress={progress} />
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </div>
  );
}

/** The stage's type, or how far it is where its name says the type already. */
function secondLine(stage: Stage, { done, total }: Progress): string {
  const type = readable(stage.type);
  if (type.toLowerCase() !== stage.name.toLowerCase()) return type;
  return total > 0 ? texts.parts(done, total) : '';
}

/** How far the synthetic stages and tasks within are. */
function Parts({ progress: { done, total } }: { progress: Progress }) {
  if (total === 0) return <div className={classes.track} />;
  return (
    <div
      className={classes.track}
      role="progressbar"
      aria-valuenow={done}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-label={texts.parts(done, total)}
    >
      <div className={classes.fill} style={{ width: `${(100 * done) / total}%` }} />
    </div>
  );
}
