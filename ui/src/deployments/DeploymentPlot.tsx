import type { Execution, Stage } from '../api/types';
import { StatusIcon } from '../status/StatusIcon';
import { toneOf } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { formatDuration } from '../time/duration';
import { useNow } from '../time/useNow';
import { ticksOf } from '../executions/timeAxis';
import classes from './DeploymentPlot.module.css';
import { deploymentsIn, stepsOf, type Deployment, type Step } from './deployment';
import { at, frameOf, height, stair, width, type Frame } from './plot';
import { lanesOf, recorded, type Lane, type Sample, type Samples } from './record';
import { texts } from './texts';

interface Props {
  execution: Execution;
  stage: Stage;
  /** What the inventory showed while the page looked. */
  seen: Samples;
}

/** For each deployment of a stage: its steps, and how many instances of the old and the new server group had traffic. */
export function DeploymentPlots({ execution, stage, seen }: Props) {
  return deploymentsIn(execution.stages, stage).map((deployment) => (
    <Plot key={deployment.stage.id} stages={execution.stages} deployment={deployment} seen={seen} />
  ));
}

function Plot({ stages, deployment, seen }: { stages: Stage[]; deployment: Deployment; seen: Samples }) {
  const now = useNow(deployment.end === undefined);
  const lanes = lanesOf(recorded(stages, deployment), seen, deployment);
  // The clock ticks once a second; what was seen since its last tick has happened too.
  const latest = lanes.flatMap(({ samples }) => samples.at(-1)?.time ?? []);
  const end = deployment.end ?? Math.max(now, deployment.start, ...latest);
  const frame = frameOf(lanes, deployment.start, end);
  return (
    <section className={classes.plot} aria-label={`${texts.title} ${texts.in(deployment.region)}`}>
      <header className={classes.head}>
        <h2>{texts.title}</h2>
        <span className="dim">
          {deployment.account} / {deployment.region}
        </span>
        <Legend />
      </header>
      <Steps steps={stepsOf(stages, deployment)} frame={frame} end={end} />
      {lanes.length === 0 && <p className="dim">{texts.empty}</p>}
      {lanes.map((lane) => (
        <LaneRow key={lane.name} lane={lane} frame={frame} end={end} />
      ))}
      <Axis frame={frame} />
    </section>
  );
}

function Legend() {
  return (
    <span className={classes.legend} aria-hidden>
      <i className={classes.swatchInstances} /> {texts.instances}
      <i className={classes.swatchServing} /> {texts.serving}
    </span>
  );
}

function Steps({ steps, frame, end }: { steps: Step[]; frame: Frame; end: number }) {
  return (
    <div className={classes.row}>
      <span />
      <ol className={classes.steps}>
        {steps.map((step, index) => {
          const left = (100 * (step.start - frame.start)) / frame.length;
          const share = (100 * ((step.end ?? end) - step.start)) / frame.length;
          const word = statusTexts.status[step.status] ?? step.status;
          return (
            <li
              key={index}
              data-tone={toneOf(step.status)}
              style={{ left: `${left}%`, width: `${share}%` }}
              title={`${step.name}: ${word}`}
            >
              <StatusIcon status={step.status} size={11} />
              <span>{step.name}</span>
            </li>
          );
        })}
      </ol>
      <span />
    </div>
  );
}

function LaneRow({ lane, frame, end }: { lane: Lane; frame: Frame; end: number }) {
  const last = at(lane.samples, end);
  const state = last && last.instances > 0 ? texts.now(last.serving, last.instances, last.isLeast === true) : texts.nothing;
  const instances = (sample: Sample) => sample.instances;
  const serving = (sample: Sample) => sample.serving;
  return (
    <div className={classes.row} data-new={lane.isNew || undefined}>
      <span className={classes.name}>
        <b title={lane.name}>{lane.name}</b>
        <span className="dim">{lane.isNew ? texts.isNew : texts.isOld}</span>
      </span>
      <svg
        className={classes.lane}
        viewBox={`0 -4 ${width} ${height + 4}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={texts.lane(lane.name, state)}
      >
        <path className={classes.instances} d={stair(lane.samples, instances, frame, end)} />
        <path className={classes.serving} d={stair(lane.samples, serving, frame, end)} />
      </svg>
      <span className={classes.state + ' number'}>{state}</span>
    </div>
  );
}

function Axis({ frame }: { frame: Frame }) {
  return (
    <div className={classes.row} aria-hidden>
      <span />
      <div className={classes.axis}>
        {ticksOf(frame.length).map((tick) => (
          <span key={tick} style={{ left: `${(100 * tick) / frame.length}%` }}>
            {tick === 0 ? '0' : formatDuration(tick).replace('.0s', 's').replace(' 00s', '')}
          </span>
        ))}
      </div>
      <span />
    </div>
  );
}
