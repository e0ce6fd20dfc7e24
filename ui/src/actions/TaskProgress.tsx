import { Button, Group } from '@mantine/core';
import { Link } from 'react-router';
import type { Execution } from '../api/types';
import { executionUrl } from '../app/urls';
import { FailureBox } from '../executions/FailureBox';
import { topLevel, waitingFor } from '../executions/stages';
import { texts as executionTexts } from '../executions/texts';
import { useExecution } from '../executions/useExecutions';
import { IconHourglass } from '../icons/icons';
import { WaitText } from '../locks/WaitText';
import { Loading, Resource } from '../states/states';
import { StatusBadge, StatusIcon } from '../status/StatusIcon';
import { isComplete } from '../status/status';
import { Elapsed } from '../time/Elapsed';
import classes from './actions.module.css';
import { texts } from './texts';

/** How a task goes that was started here, to its end. */
export function TaskProgress({ application, id, onClose }: { application: string; id: string; onClose: () => void }) {
  const execution = useExecution(id);
  return (
    <div className={classes.form}>
      <Resource of={execution} loading={<Loading rows={1} height={40} />}>
        {(data) => <Progress execution={data} />}
      </Resource>
      <Group justify="flex-end" gap="xs">
        <Button component={Link} to={executionUrl(application, id)} variant="light" size="xs">
          {texts.toTask}
        </Button>
        <Button variant="default" size="xs" onClick={onClose} data-autofocus>
          {texts.close}
        </Button>
      </Group>
    </div>
  );
}

function Progress({ execution }: { execution: Execution }) {
  const stages = topLevel(execution.stages);
  const over = isComplete(execution.status);
  return (
    <>
      <div className={classes.state} role="status">
        <StatusBadge status={execution.status} large />
        <Elapsed of={execution} />
        {!over && <span className="dim">{texts.goesOn}</span>}
      </div>
      {stages.map((stage) => {
        const waits = waitingFor(execution.stages, stage);
        return (
          <div key={stage.id} className={classes.form}>
            <Steps execution={execution} parent={stage.id} />
            {waits && (
              <p className={classes.note} data-tone="run">
                <IconHourglass size={14} aria-hidden />
                <span>
                  <b>{executionTexts.waitsFor}</b> <WaitText application={execution.application}>{waits}</WaitText>
                </span>
              </p>
            )}
            <FailureBox stages={execution.stages} stage={stage} />
          </div>
        );
      })}
    </>
  );
}

/** The parts of a stage that consists of several: which is done, which runs. */
function Steps({ execution, parent }: { execution: Execution; parent: string }) {
  const parts = execution.stages.filter((stage) => stage.parentStageId === parent);
  if (parts.length === 0) return null;
  return (
    <ul className={classes.steps}>
      {parts.map((part) => (
        <li key={part.id}>
          <StatusIcon status={part.status} size={13} /> {part.name}
          <span className="dim">
            <Elapsed of={part} />
          </span>
        </li>
      ))}
    </ul>
  );
}
