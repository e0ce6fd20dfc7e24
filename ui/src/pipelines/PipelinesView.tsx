import { Button, UnstyledButton } from '@mantine/core';
import { IconListSearch, IconPlayerPlay, IconRoute } from '../icons/icons';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import type { Execution, PipelineConfig } from '../api/types';
import { executionUrl, planUrl } from '../app/urls';
import { Parameters } from '../executions/Parameters';
import { StageBar } from '../executions/StageBar';
import { needsYou, topLevel, waitingFor } from '../executions/stages';
import { describeTrigger } from '../executions/trigger';
import { useExecutions } from '../executions/useExecutions';
import { newestFirst } from '../live/merge';
import { Command, Empty, Failed, Loading, Resource } from '../states/states';
import { StatusBadge } from '../status/StatusIcon';
import { texts as statusTexts } from '../status/texts';
import { Ago, Elapsed } from '../time/Elapsed';
import { formatClock } from '../time/duration';
import classes from './PipelinesView.module.css';
import { StartDialog } from './StartDialog';
import { texts } from './texts';
import { usePipelineConfigs } from './usePipelineConfigs';

const few = 5;
const many = 25;

/** An application's pipelines, each with its latest executions as they run. */
export function PipelinesView() {
  const { application = '' } = useParams();
  const pipelines = usePipelineConfigs(application);
  return (
    <Resource
      of={pipelines}
      loading={<Loading rows={3} height={170} />}
      isEmpty={(list) => list.length === 0}
      empty={
        <Empty title={texts.empty} icon={<IconRoute size={32} />}>
          {texts.emptyNext}
          <Command>{texts.emptyCommand}</Command>
        </Empty>
      }
    >
      {(list) => <List application={application} pipelines={list} />}
    </Resource>
  );
}

function List({ application, pipelines }: { application: string; pipelines: PipelineConfig[] }) {
  const [limit, setLimit] = useState(few);
  const executions = useExecutions(application, limit);
  const known = executions.data ?? [];
  const cutOff = pipelines.some(({ id }) => executionsOf(known, id).length >= few);
  return (
    <div className={classes.list}>
      {executions.error && !executions.data && (
        <Failed error={executions.error} onRetry={() => void executions.refetch()} />
      )}
      {pipelines.map((pipeline) => (
        <Pipeline
          key={pipeline.id}
          pipeline={pipeline}
          executions={executionsOf(known, pipeline.id).slice(0, limit)}
          loading={executions.isPending}
        />
      ))}
      {cutOff && (
        <UnstyledButton className={classes.more} onClick={() => setLimit(limit === few ? many : few)}>
          {limit === few ? texts.more : texts.fewer}
        </UnstyledButton>
      )}
    </div>
  );
}

const executionsOf = (executions: Execution[], pipeline: string) =>
  executions.filter((execution) => execution.pipelineConfigId === pipeline).sort(newestFirst);

interface PipelineProps {
  pipeline: PipelineConfig;
  executions: Execution[];
  loading: boolean;
}

function Pipeline({ pipeline, executions, loading }: PipelineProps) {
  const [starting, setStarting] = useState(false);
  return (
    <section className={classes.pipeline} aria-label={pipeline.name}>
      <header className={classes.head}>
        <h2>{pipeline.name}</h2>
        {pipeline.disabled && <span className={classes.disabled}>{texts.disabled}</span>}
        <span className={classes.about}>{aboutOf(pipeline)}</span>
        <Button
          component={Link}
          to={planUrl(pipeline.application, pipeline.id)}
          size="xs"
          variant="subtle"
          leftSection={<IconListSearch size={14} />}
          aria-label={texts.planLabel(pipeline.name)}
        >
          {texts.plan}
        </Button>
        <Button
          size="xs"
          variant="light"
          leftSection={<IconPlayerPlay size={14} />}
          aria-label={texts.startLabel(pipeline.name)}
          disabled={pipeline.disabled}
          onClick={() => setStarting(true)}
        >
          {texts.start}
        </Button>
      </header>
      {loading && <Loading rows={2} height={34} />}
      {!loading && executions.length === 0 && <p className={classes.never}>{texts.never}</p>}
      {executions.map((execution) => (
        <ExecutionRow key={execution.id} execution={execution} />
      ))}
      <StartDialog pipeline={pipeline} opened={starting} onClose={() => setStarting(false)} />
    </section>
  );
}

function aboutOf(pipeline: PipelineConfig): string {
  const kinds = new Set(pipeline.triggers.filter(({ enabled }) => enabled !== false).map(({ type }) => type));
  const how = kinds.size === 0 ? texts.byHand : texts.triggers([...kinds].join(', '));
  return [pipeline.description, texts.stages(pipeline.stages.length), how].filter(Boolean).join(' · ');
}

function ExecutionRow({ execution }: { execution: Execution }) {
  const yours = execution.stages.some(needsYou);
  const start = execution.startTime ?? execution.buildTime ?? 0;
  const current = topLevel(execution.stages).find((stage) => stage.status === 'RUNNING');
  const waits = current && waitingFor(execution.stages, current);
  const word = yours ? statusTexts.needsYou : (statusTexts.status[execution.status] ?? execution.status);
  return (
    <div className={classes.row}>
      <StatusBadge status={execution.status} needsYou={yours} />
      <Link
        to={executionUrl(execution.application, execution.id)}
        className={classes.when}
        aria-label={texts.details(execution.name ?? '', word, formatClock(start, Date.now()))}
      >
        <span className="number">{formatClock(start, Date.now())}</span>
        <span className={classes.ago}>
          <Ago time={start} />
        </span>
      </Link>
      <div className={classes.who}>
        <span className={classes.trigger}>{describeTrigger(execution)}</span>
        <Parameters execution={execution} />
      </div>
      <div className={classes.stages}>
        <StageBar execution={execution} />
        {waits && (
          <div className={classes.waits}>
            {current.name}: {waits}
          </div>
        )}
      </div>
      <span className={classes.took}>
        <Elapsed of={execution} />
      </span>
    </div>
  );
}
