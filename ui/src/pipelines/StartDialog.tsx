import { Alert, Button, Group, Modal } from '@mantine/core';
import { IconAlertTriangle, IconPlayerPlay } from '../icons/icons';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { PipelineConfig } from '../api/types';
import { executionUrl } from '../app/urls';
import { Refusal } from '../executions/DecisionBox';
import { useStart } from '../executions/useExecutions';
import { PlanPreview } from '../plans/PlanPreview';
import classes from './StartDialog.module.css';
import { ParameterFields } from './ParameterFields';
import { labelsOf, missing, toSend, valuesWith, type Values } from './parameters';
import { texts } from './texts';

interface Props {
  pipeline: PipelineConfig;
  /** Parameters that are decided already. */
  given?: Values;
  opened: boolean;
  onClose: () => void;
}

/** With which parameters a pipeline is started, and what it would do then; starting it opens the new execution. */
export function StartDialog({ pipeline, given, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={<b>{texts.dialogTitle(pipeline.name)}</b>} size="lg">
      <Form pipeline={pipeline} given={given} onClose={onClose} />
    </Modal>
  );
}

function Form({ pipeline, given = {}, onClose }: Omit<Props, 'opened'>) {
  const parameters = pipeline.parameterConfig ?? [];
  const [values, setValues] = useState<Values>(() => valuesWith(parameters, given));
  const [checked, setChecked] = useState(false);
  const start = useStart();
  const navigate = useNavigate();
  const lacking = checked ? missing(parameters, values) : [];

  const submit = () => {
    setChecked(true);
    if (missing(parameters, values).length > 0) return;
    const { application, name } = pipeline;
    start.mutate(
      { application, pipeline: name, parameters: toSend(parameters, values) },
      { onSuccess: (id) => void navigate(executionUrl(application, id)) },
    );
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {pipeline.manualStartAlert && (
        <Alert color="yellow" icon={<IconAlertTriangle size={16} />} mb="md">
          {pipeline.manualStartAlert.message}
        </Alert>
      )}
      <ParameterFields parameters={parameters} values={values} lacking={lacking} onChange={setValues} />
      {pipeline.stages.length === 0 ? (
        <p className="dim">{texts.noEffect}</p>
      ) : (
        <PlanPreview
          application={pipeline.application}
          pipeline={pipeline.id}
          parameters={toSend(parameters, values)}
          stages={pipeline.stages}
          missing={labelsOf(parameters, missing(parameters, values))}
        />
      )}
      <Refusal error={start.error} />
      <Group justify="flex-end" gap="xs" className={classes.foot}>
        <Button variant="default" size="xs" onClick={onClose}>
          {texts.back}
        </Button>
        <Button
          size="xs"
          type="submit"
          leftSection={<IconPlayerPlay size={14} />}
          loading={start.isPending}
          data-autofocus={parameters.length === 0 || undefined}
        >
          {texts.startNow}
        </Button>
      </Group>
    </form>
  );
}
