import type { Execution, Stage } from '../api/types';
import { StatusIcon } from '../status/StatusIcon';
import { toneOf } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { Elapsed } from '../time/Elapsed';
import { formatDuration } from '../time/duration';
import { useNow } from '../time/useNow';
import classes from './Timeline.module.css';
import { needsYou, nested } from './stages';
import { texts } from './texts';
import { spanOf, ticksOf, type Span } from './timeAxis';

interface Props {
  execution: Execution;
  selected?: string;
  onSelect: (stage: string) => void;
}

/** Every stage, parts included, on one axis of time: where the minutes went. */
export function Timeline({ execution, selected, onSelect }: Props) {
  const now = useNow(execution.endTime === undefined);
  const span = spanOf(execution, now);
  return (
    <div className={classes.timeline} role="list" aria-label={texts.timeline}>
      <Axis span={span} />
      {nested(execution.stages).map(({ stage, depth }) => (
        <div role="listitem" key={stage.id}>
          <StageRow
            stage={stage}
            depth={depth}
            span={span}
            now={now}
            selected={stage.id === selected}
            onSelect={() => onSelect(stage.id)}
          />
        </div>
      ))}
    </div>
  );
}

function Axis({ span }: { span: Span }) {
  return (
    <div className={classes.axis} aria-hidden>
      <div className={classes.scale}>
        {ticksOf(span.length).map((tick) => (
          <span key={tick} style={{ left: `${(100 * tick) / span.length}%` }}>
            {tick === 0 ? '0' : formatDuration(tick).replace('.0s', 's').replace(' 00s', '')}
          </span>
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  stage: Stage;
  depth: number;
  span: Span;
  now: number;
  selected: boolean;
  onSelect: () => void;
}

function StageRow({ stage, depth, span, now, selected, onSelect }: RowProps) {
  const yours = needsYou(stage);
  const word = yours ? statusTexts.needsYou : (statusTexts.status[stage.status] ?? stage.status);
  return (
    <button
      type="button"
      className={classes.row}
      data-depth={depth}
      data-tone={yours ? 'wait' : toneOf(stage.status)}
      data-selected={selected || undefined}
      aria-pressed={selected}
      aria-label={`${stage.name}: ${word}`}
      onClick={onSelect}
    >
      <span className={classes.label} style={{ paddingLeft: 18 * depth }}>
        <StatusIcon status={stage.status} needsYou={yours} size={13} />
        <span className={classes.name}>{stage.name}</span>
      </span>
      <span className={classes.lane}>
        {stage.startTime !== undefined && (
          <span
            className={classes.mark}
            style={{
              left: `${(100 * (stage.startTime - span.start)) / span.length}%`,
              width: `${(100 * Math.max(0, (stage.endTime ?? now) - stage.startTime)) / span.length}%`,
            }}
          />
        )}
      </span>
      <span className={classes.took}>
        <Elapsed of={stage} />
      </span>
    </button>
  );
}
