import { Button, Group, Select } from '@mantine/core';
import { IconGavel, IconHandStop, IconPlayerPlay, IconPlayerSkipForward } from '../icons/icons';
import { useState } from 'react';
import type { Execution, Stage } from '../api/types';
import classes from './Boxes.module.css';
import { decisionOf } from './decisions';
import { texts } from './texts';
import { usePatchStage } from './useExecutions';

/** What a person can do to this stage now, or did to it. */
export function DecisionBox({ execution, stage }: { execution: Execution; stage: Stage }) {
  const decision = decisionOf(stage);
  if (decision === 'judgment') {
    return stage.status === 'RUNNING' ? (
      <Judgment execution={execution} stage={stage} key={stage.id} />
    ) : (
      <Verdict stage={stage} />
    );
  }
  if (decision === 'skipWait' && stage.status === 'RUNNING') {
    return <SkipWait execution={execution} stage={stage} key={stage.id} />;
  }
  return null;
}

interface Props {
  execution: Execution;
  stage: Stage;
}

function Judgment({ execution, stage }: Props) {
  const patch = usePatchStage(execution.id, stage.id);
  const choices = choicesOf(stage);
  const [choice, setChoice] = useState<string | null>(choices[0] ?? null);
  const decide = (judgmentStatus: 'continue' | 'stop') =>
    patch.mutate(choice === null ? { judgmentStatus } : { judgmentStatus, judgmentInput: choice });
  const sent = patch.isPending || patch.isSuccess;
  return (
    <section className={classes.box} data-tone="wait" aria-label={texts.judgment}>
      <h3>
        <IconHandStop size={15} aria-hidden />
        {texts.judgment}
      </h3>
      <p className={classes.instructions}>{asText(stage.context.instructions) || texts.judgmentDefault}</p>
      {choices.length > 0 && (
        <Select
          label={texts.input}
          description={texts.inputHint}
          data={choices}
          value={choice}
          onChange={setChoice}
          allowDeselect={false}
          size="xs"
          disabled={sent}
        />
      )}
      <Group gap="xs">
        <Button
          size="xs"
          leftSection={<IconPlayerPlay size={14} />}
          onClick={() => decide('continue')}
          disabled={sent}
          loading={patch.isPending && patch.variables && 'judgmentStatus' in patch.variables && patch.variables.judgmentStatus === 'continue'}
        >
          {texts.continue}
        </Button>
        <Button size="xs" variant="default" onClick={() => decide('stop')} disabled={sent}>
          {texts.stop}
        </Button>
        <span className={classes.hint}>{patch.isSuccess ? texts.sent : texts.stopEffect}</span>
      </Group>
      <Refusal error={patch.error} />
    </section>
  );
}

function Verdict({ stage }: { stage: Stage }) {
  const verdict = asText(stage.context.judgmentStatus);
  if (!verdict) return null;
  const input = asText(stage.context.judgmentInput);
  const who = asText(stage.context.lastModifiedBy);
  return (
    <p className={classes.verdict}>
      <IconGavel size={14} aria-hidden />
      {[texts.judged(verdict, who), input && texts.chose(input)].filter(Boolean).join(', ')}
    </p>
  );
}

function SkipWait({ execution, stage }: Props) {
  const patch = usePatchStage(execution.id, stage.id);
  return (
    <div>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerSkipForward size={14} />}
        onClick={() => patch.mutate({ skipRemainingWait: true })}
        disabled={patch.isPending || patch.isSuccess}
      >
        {texts.skipWait}
      </Button>
      <Refusal error={patch.error} />
    </div>
  );
}

export function Refusal({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p className={classes.refusal} role="alert">
      <b>{texts.refused}:</b> {error.message}
    </p>
  );
}

function choicesOf(stage: Stage): string[] {
  const inputs = stage.context.judgmentInputs;
  if (!Array.isArray(inputs)) return [];
  const values = inputs.map((input) => asText((input as { value?: unknown } | null)?.value));
  return [...new Set(values.filter((value) => value !== ''))];
}

const asText = (value: unknown) => (value === undefined || value === null ? '' : String(value));
