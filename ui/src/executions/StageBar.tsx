import { Tooltip } from '@mantine/core';
import { Link } from 'react-router';
import type { Execution, Stage } from '../api/types';
import { stageUrl } from '../app/urls';
import { StatusIcon } from '../status/StatusIcon';
import { toneOf } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { durationMs, formatDuration } from '../time/duration';
import { useNow } from '../time/useNow';
import classes from './StageBar.module.css';
import { needsYou, topLevel, waitingFor } from './stages';

/** An execution's stages in their order, each as wide as its share of the time. */
export function StageBar({ execution }: { execution: Execution }) {
  const now = useNow(execution.endTime === undefined);
  const stages = topLevel(execution.stages);
  const total = stages.reduce((sum, stage) => sum + (durationMs(stage, now) ?? 0), 0);
  return (
    <div className={classes.bar}>
      {stages.map((stage) => (
        <Segment key={stage.id} execution={execution} stage={stage} share={shareOf(stage, total, stages.length, now)} now={now} />
      ))}
    </div>
  );
}

/** Short stages stay legible: half of the width is shared evenly, half by time. */
function shareOf(stage: Stage, total: number, count: number, now: number): number {
  const byTime = total === 0 ? 1 / count : (durationMs(stage, now) ?? 0) / total;
  return (1 / count + byTime) / 2;
}

function Segment({ execution, stage, share, now }: { execution: Execution; stage: Stage; share: number; now: number }) {
  const yours = needsYou(stage);
  const status = yours ? statusTexts.needsYou : (statusTexts.status[stage.status] ?? stage.status);
  const ms = durationMs(stage, now);
  const waits = waitingFor(execution.stages, stage);
  return (
    <Tooltip label={[stage.name, status, ms !== undefined && formatDuration(ms), waits].filter(Boolean).join(' · ')}>
      <Link
        to={stageUrl(execution.application, execution.id, stage.id)}
        className={classes.segment}
        style={{ flexGrow: share }}
        data-tone={yours ? 'wait' : toneOf(stage.status)}
        aria-label={`${stage.name}: ${status}`}
      >
        <StatusIcon status={stage.status} needsYou={yours} size={12} />
        <span className={classes.name}>{stage.name}</span>
      </Link>
    </Tooltip>
  );
}
