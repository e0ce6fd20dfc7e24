import { Alert, Button, Group, Modal, Select, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconChevronRight, IconPlayerPlay } from '../icons/icons';
import { Fragment, useState } from 'react';
import { useNavigate } from 'react-router';
import type { ParameterConfig, PipelineConfig } from '../api/types';
import { executionUrl } from '../app/urls';
import { Refusal } from '../executions/DecisionBox';
import { useStart } from '../executions/useExecutions';
import classes from './StartDialog.module.css';
import { initialValues, missing, optionsOf, toSend, visible, type Values } from './parameters';
import { phasesOf } from './phases';
import { texts } from './texts';

interface Props {
  pipeline: PipelineConfig;
  opened: boolean;
  onClose: () => void;
}

/** What the pipeline will do and with which parameters; starting it opens the new execution. */
export function StartDialog({ pipeline, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={<b>{texts.dialogTitle(pipeline.name)}</b>} size="md">
      <Form pipeline={pipeline} onClose={onClose} />
    </Modal>
  );
}

function Form({ pipeline, onClose }: Omit<Props, 'opened'>) {
  const parameters = pipeline.parameterConfig ?? [];
  const [values, setValues] = useState<Values>(() => initialValues(parameters));
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
      <Effect pipeline={pipeline} />
      {parameters.length === 0 && <p className="dim">{texts.noParameters}</p>}
      {visible(parameters, values).map((parameter, index) => (
        <Field
          key={parameter.name}
          parameter={parameter}
          value={values[parameter.name] ?? ''}
          lacking={lacking.includes(parameter.name)}
          focused={index === 0}
          onChange={(value) => setValues((before) => ({ ...before, [parameter.name]: value }))}
        />
      ))}
      <Refusal error={start.error} />
      <Group justify="flex-end" mt="lg" gap="xs">
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

function Effect({ pipeline }: { pipeline: PipelineConfig }) {
  if (pipeline.stages.length === 0) return <p className="dim">{texts.noEffect}</p>;
  return (
    <div className={classes.effect}>
      <span className="dim">{texts.effect}</span>
      <div className={classes.stages}>
        {phasesOf(pipeline.stages).map((stages, index) => (
          <Fragment key={index}>
            {index > 0 && <IconChevronRight size={12} aria-hidden className={classes.arrow} />}
            <span className={stages.length > 1 ? classes.together : undefined}>
              {stages.map((stage) => stage.name ?? stage.type).join(texts.and)}
            </span>
          </Fragment>
        ))}
      </div>
    </div>
  );
}

interface FieldProps {
  parameter: ParameterConfig;
  value: string;
  lacking: boolean;
  focused: boolean;
  onChange: (value: string) => void;
}

function Field({ parameter, value, lacking, focused, onChange }: FieldProps) {
  const label = parameter.label || parameter.name;
  const options = optionsOf(parameter);
  const common = {
    label,
    description: parameter.description || undefined,
    required: parameter.required,
    error: lacking && texts.required(label),
    'data-autofocus': focused || undefined,
    mt: 'sm',
    size: 'sm',
  } as const;
  if (options) {
    return (
      <Select
        {...common}
        data={options}
        placeholder={texts.choose}
        value={value === '' ? null : value}
        onChange={(chosen) => onChange(chosen ?? '')}
        allowDeselect={!parameter.required}
      />
    );
  }
  return <TextInput {...common} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
}
