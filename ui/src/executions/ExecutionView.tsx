import { Button, CopyButton, Tooltip, UnstyledButton } from '@mantine/core';
import { IconArrowLeft, IconBan, IconSitemap } from '../icons/icons';
import { useEffect, useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import type { Execution, Stage } from '../api/types';
import { applicationUrl } from '../app/urls';
import { DeploymentPlots } from '../deployments/DeploymentPlot';
import { deploymentsIn } from '../deployments/deployment';
import { useInventoryRecord } from '../deployments/useInventoryRecord';
import { Empty, Loading, Resource } from '../states/states';
import { StatusBadge } from '../status/StatusIcon';
import { isComplete } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { Elapsed } from '../time/Elapsed';
import { formatClock } from '../time/duration';
import { CancelDialog } from './CancelDialog';
import classes from './ExecutionView.module.css';
import { Parameters } from './Parameters';
import { StageGraph } from './StageGraph';
import { StagePanel } from './StagePanel';
import { Timeline } from './Timeline';
import { TryExpression } from './TryExpression';
import { mostTelling, needsYou, topLevel } from './stages';
import { texts } from './texts';
import { describeTrigger } from './trigger';
import { useExecution } from './useExecutions';

export function ExecutionView() {
  const { execution: id = '' } = useParams();
  const execution = useExecution(id);
  return (
    <div className={classes.view}>
      <Resource of={execution} loading={<Loading rows={3} height={150} />}>
        {(data) => <Loaded execution={data} />}
      </Resource>
    </div>
  );
}

function Loaded({ execution }: { execution: Execution }) {
  const [search, setSearch] = useSearchParams();
  useTitle(execution);
  // Until a stage is chosen, the panel follows what matters most.
  const chosen = execution.stages.find((stage) => stage.id === search.get('stage')) ?? mostTelling(execution);
  const top = chosen && topOf(execution, chosen);
  const deploys = topLevel(execution.stages).some((stage) => deploymentsIn(execution.stages, stage).length > 0);
  const seen = useInventoryRecord(execution.application, deploys && !isComplete(execution.status));
  const select = (stage: string) => setSearch({ stage }, { replace: true, preventScrollReset: true });
  return (
    <>
      <Head execution={execution} />
      {chosen === undefined || top === undefined ? (
        <Empty title={texts.noStages} icon={<IconSitemap size={30} />}>
          {texts.noStagesNext}
        </Empty>
      ) : (
        <div className={classes.columns}>
          <div className={classes.left}>
            <section className={classes.card}>
              <StageGraph execution={execution} selected={top.id} onSelect={select} />
            </section>
            {deploymentsIn(execution.stages, top).length > 0 && (
              <section className={classes.card}>
                <DeploymentPlots execution={execution} stage={top} seen={seen} />
              </section>
            )}
            <section className={classes.card}>
              <h2 className={classes.cardTitle}>{texts.timeline}</h2>
              <Timeline execution={execution} selected={chosen.id} onSelect={select} />
            </section>
            <section className={classes.card} aria-label={texts.try}>
              <h2 className={classes.cardTitle}>{texts.try}</h2>
              <TryExpression execution={execution} stage={chosen} />
            </section>
          </div>
          <aside className={classes.card + ' ' + classes.aside} aria-label={texts.details}>
            <StagePanel execution={execution} stage={chosen} />
          </aside>
        </div>
      )}
    </>
  );
}

/** The box of the graph that a stage belongs to. */
function topOf(execution: Execution, stage: Stage): Stage {
  const parent = stage.parentStageId && execution.stages.find(({ id }) => id === stage.parentStageId);
  return parent ? topOf(execution, parent) : stage;
}

function Head({ execution }: { execution: Execution }) {
  const [cancelling, setCancelling] = useState(false);
  const over = isComplete(execution.status);
  const who = describeTrigger(execution);
  const start = execution.startTime ?? execution.buildTime;
  return (
    <header className={classes.head}>
      <Link to={applicationUrl(execution.application)} className={classes.back} aria-label={execution.application}>
        <IconArrowLeft size={17} />
      </Link>
      <div className={classes.titles}>
        <div className={classes.title}>
          <h1>{execution.name ?? execution.description ?? execution.id}</h1>
          <span role="status">
            <StatusBadge status={execution.status} needsYou={execution.stages.some(needsYou)} large />
          </span>
        </div>
        <dl className={classes.facts}>
          {who && <Fact name={texts.startedBy}>{who}</Fact>}
          {start !== undefined && <Fact name={texts.at}>{formatClock(start, Date.now())}</Fact>}
          {execution.startTime !== undefined && (
            <Fact name={texts.took}>
              <Elapsed of={execution} />
            </Fact>
          )}
          <Fact name={texts.identity}>
            <Identity id={execution.id} />
          </Fact>
          <Parameters execution={execution} />
        </dl>
        <Note execution={execution} />
      </div>
      {!over && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconBan size={15} />}
          onClick={() => setCancelling(true)}
          disabled={execution.canceled}
        >
          {execution.canceled ? texts.canceling : texts.cancel}
        </Button>
      )}
      <CancelDialog execution={execution} opened={cancelling} onClose={() => setCancelling(false)} />
    </header>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}

function Identity({ id }: { id: string }) {
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <UnstyledButton className={classes.id} onClick={copy}>
            {id}
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}

function Note({ execution }: { execution: Execution }) {
  if (execution.canceled && execution.canceledBy) {
    return <p className={classes.note}>{texts.canceledBy(execution.canceledBy, execution.cancellationReason)}</p>;
  }
  const reason = execution.type === 'ORCHESTRATION' && execution.stages[0]?.context.reason;
  if (typeof reason === 'string' && reason !== '') return <p className={classes.note}>{texts.because(reason)}</p>;
  if (execution.status === 'NOT_STARTED') return <p className={classes.note}>{texts.queued}</p>;
  return null;
}

/** Tells in a row of browser tabs how it stands. */
function useTitle(execution: Execution) {
  const word = statusTexts.status[execution.status] ?? execution.status;
  useEffect(() => {
    const before = document.title;
    document.title = `${word}: ${execution.name ?? execution.id} · ${execution.application}`;
    return () => {
      document.title = before;
    };
  }, [word, execution.name, execution.id, execution.application]);
}
