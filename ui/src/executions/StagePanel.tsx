import { Tabs } from '@mantine/core';
import { IconHourglass } from '../icons/icons';
import type { Execution, Stage, Task } from '../api/types';
import { BakeBoxes } from '../bakes/BakeBoxes';
import { JsonText } from '../json/JsonText';
import { WaitText } from '../locks/WaitText';
import { StatusBadge, StatusIcon } from '../status/StatusIcon';
import { texts as statusTexts } from '../status/texts';
import { Elapsed } from '../time/Elapsed';
import { formatClock } from '../time/duration';
import { DecisionBox } from './DecisionBox';
import { DoubtBox } from './DoubtBox';
import { FailureBox } from './FailureBox';
import classes from './StagePanel.module.css';
import { childrenOf, logOf, needsYou, readable, waitingFor, type LogLine } from './stages';
import { texts } from './texts';

/** All about one stage: what it waits for or why it failed first, then tasks, log and data. */
export function StagePanel({ execution, stage }: { execution: Execution; stage: Stage }) {
  const waits = waitingFor(execution.stages, stage);
  const yours = needsYou(stage);
  return (
    <div className={classes.panel}>
      <header className={classes.head}>
        <div className={classes.title}>
          <h2>{stage.name}</h2>
          <StatusBadge status={stage.status} needsYou={yours} />
        </div>
        <div className={classes.facts}>
          <span>{readable(stage.type)}</span>
          {stage.startTime !== undefined && (
            <>
              <span className="number">{formatClock(stage.startTime, Date.now())}</span>
              <Elapsed of={stage} />
            </>
          )}
        </div>
      </header>
      {waits && !yours && (
        <p className={classes.waits}>
          <IconHourglass size={14} aria-hidden />
          <span>
            <b>{texts.waitsFor}</b> <WaitText application={execution.application}>{waits}</WaitText>
          </span>
        </p>
      )}
      <DecisionBox execution={execution} stage={stage} />
      <FailureBox stages={execution.stages} stage={stage} />
      <BakeBoxes execution={execution} stage={stage} />
      <DoubtBox execution={execution} stage={stage} key={`doubts of ${stage.id}`} />
      <Tabs defaultValue="tasks" key={stage.id} classNames={{ tab: classes.tab }} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="tasks">{texts.tasks}</Tabs.Tab>
          <Tabs.Tab value="log">{texts.log}</Tabs.Tab>
          <Tabs.Tab value="context">{texts.context}</Tabs.Tab>
          <Tabs.Tab value="outputs">{texts.outputs}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="tasks" pt="xs">
          <Work stages={execution.stages} stage={stage} />
        </Tabs.Panel>
        <Tabs.Panel value="log" pt="xs">
          <Log lines={logOf(execution.stages, stage)} of={stage} />
        </Tabs.Panel>
        <Tabs.Panel value="context" pt="xs">
          <Data value={stage.context} />
        </Tabs.Panel>
        <Tabs.Panel value="outputs" pt="xs">
          <Data value={stage.outputs} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

/** A stage's parts before it, its own tasks, its parts after it: the order in which they run. */
function Work({ stages, stage }: { stages: Stage[]; stage: Stage }) {
  const children = childrenOf(stages, stage.id);
  if (children.length === 0 && stage.tasks.length === 0) return <p className="dim">{texts.noTasks}</p>;
  const part = (child: Stage) => (
    <li key={child.id} className={classes.part}>
      <Line name={child.name} of={child} strong />
      {child.startTime !== undefined && <Work stages={stages} stage={child} />}
    </li>
  );
  return (
    <ul className={classes.work}>
      {children.filter((child) => child.syntheticStageOwner === 'STAGE_BEFORE').map(part)}
      {stage.tasks.map((task) => (
        <li key={task.id}>
          <Line name={readable(task.name)} of={task} />
        </li>
      ))}
      {children.filter((child) => child.syntheticStageOwner !== 'STAGE_BEFORE').map(part)}
    </ul>
  );
}

function Line({ name, of, strong = false }: { name: string; of: Task | Stage; strong?: boolean }) {
  return (
    <div className={classes.line} data-strong={strong || undefined}>
      <StatusIcon status={of.status} size={13} />
      <span className={classes.lineName}>{name}</span>
      <span className={classes.lineStatus}>{statusTexts.status[of.status] ?? of.status}</span>
      <span className={classes.lineTook}>
        <Elapsed of={of} />
      </span>
    </div>
  );
}

function Log({ lines, of }: { lines: LogLine[]; of: Stage }) {
  if (lines.length === 0) return <p className="dim">{texts.noLog}</p>;
  return (
    <ol className={classes.log}>
      {lines.map(({ time, stage, task, what }, index) => {
        const status = what === 'ended' ? (task ?? stage).status : undefined;
        return (
          <li key={index}>
            <time className="number">{formatClock(time, Date.now())}</time>
            <span>
              {task && stage.id !== of.id && <span className="dim">{stage.name} › </span>}
              {task ? readable(task.name) : <b>{stage.id === of.id ? texts.stage : stage.name}</b>}{' '}
              {status ? (statusTexts.status[status] ?? status).toLowerCase() : texts.started}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Data({ value }: { value: object }) {
  if (Object.keys(value).length === 0) return <p className="dim">{texts.nothing}</p>;
  return <JsonText value={value} />;
}
