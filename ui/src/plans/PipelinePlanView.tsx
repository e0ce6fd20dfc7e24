import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import type { PipelineConfig } from '../api/types';
import { applicationUrl } from '../app/urls';
import { IconArrowLeft, IconPlayerPlay, IconRoute } from '../icons/icons';
import { decided, labelsOf, missing, toSend, valuesWith, type Values } from '../pipelines/parameters';
import { ParameterFields } from '../pipelines/ParameterFields';
import { StartDialog } from '../pipelines/StartDialog';
import { usePipelineConfigs } from '../pipelines/usePipelineConfigs';
import { Empty, Loading, Resource } from '../states/states';
import { PlanPreview } from './PlanPreview';
import classes from './PipelinePlanView.module.css';
import { texts } from './texts';

/** What a pipeline would do with the parameters in the address, which can be handed on. */
export function PipelinePlanView() {
  const { application = '', pipeline: wanted = '' } = useParams();
  const pipelines = usePipelineConfigs(application);
  return (
    <Resource of={pipelines} loading={<Loading rows={2} height={170} />}>
      {(list) => {
        const pipeline = list.find(({ id }) => id === wanted) ?? list.find(({ name }) => name === wanted);
        return pipeline ? <Loaded pipeline={pipeline} key={pipeline.id} /> : <NoPipeline application={application} />;
      }}
    </Resource>
  );
}

function Loaded({ pipeline }: { pipeline: PipelineConfig }) {
  const parameters = pipeline.parameterConfig ?? [];
  const [search, setSearch] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const [values, setValues] = useState(() => valuesWith(parameters, Object.fromEntries(search)));
  const change = (changed: Values) => {
    setValues(changed);
    setSearch(decided(parameters, changed), { replace: true, preventScrollReset: true });
  };
  return (
    <section aria-label={texts.planOf(pipeline.name)}>
      <header className={classes.head}>
        <Link to={applicationUrl(pipeline.application)} className={classes.back} aria-label={texts.back}>
          <IconArrowLeft size={16} />
        </Link>
        <h2>{texts.planOf(pipeline.name)}</h2>
        <span className={classes.hint}>{texts.nothingHappens}</span>
        <Button
          size="xs"
          variant="light"
          leftSection={<IconPlayerPlay size={14} />}
          disabled={pipeline.disabled}
          onClick={() => setStarting(true)}
        >
          {texts.start}
        </Button>
      </header>
      <div className={classes.columns}>
        <div className={classes.card} role="group" aria-label={texts.parameters}>
          <ParameterFields parameters={parameters} values={values} lacking={[]} onChange={change} />
        </div>
        <PlanPreview
          application={pipeline.application}
          pipeline={pipeline.id}
          parameters={toSend(parameters, values)}
          stages={pipeline.stages}
          missing={labelsOf(parameters, missing(parameters, values))}
          whole
        />
      </div>
      <StartDialog pipeline={pipeline} given={values} opened={starting} onClose={() => setStarting(false)} />
    </section>
  );
}

function NoPipeline({ application }: { application: string }) {
  return (
    <Empty title={texts.noPipeline} icon={<IconRoute size={32} />}>
      <Link to={applicationUrl(application)}>{texts.back}</Link>
    </Empty>
  );
}
