import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Execution } from '../api/types';
import { StatusIcon } from '../status/StatusIcon';
import { Refusal } from './DecisionBox';
import { topLevel } from './stages';
import { texts } from './texts';
import { useCancel } from './useExecutions';

interface Props {
  execution: Execution;
  opened: boolean;
  onClose: () => void;
}

/** Says what a cancellation stops, and what it does not undo, before it is asked for. */
export function CancelDialog({ execution, opened, onClose }: Props) {
  const cancel = useCancel(execution.id);
  const [reason, setReason] = useState('');
  const running = topLevel(execution.stages).filter((stage) => stage.status === 'RUNNING');
  const close = () => {
    cancel.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={<b>{texts.cancelTitle(execution.name ?? execution.id)}</b>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          cancel.mutate(reason.trim(), { onSuccess: close });
        }}
      >
        <p style={{ marginTop: 0 }}>{running.length > 0 ? texts.cancelEffect : texts.cancelEffectNone}</p>
        {running.map((stage) => (
          <p key={stage.id} style={{ display: 'flex', gap: 7, alignItems: 'center' }}>
            <StatusIcon status={stage.status} /> <b>{stage.name}</b>
          </p>
        ))}
        <p className="dim">{texts.cancelKept}</p>
        <TextInput
          label={texts.reason}
          description={texts.reasonHint}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        <Refusal error={cancel.error} />
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" size="xs" onClick={close}>
            {texts.keepRunning}
          </Button>
          <Button color="red" size="xs" type="submit" loading={cancel.isPending}>
            {texts.cancelNow}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
