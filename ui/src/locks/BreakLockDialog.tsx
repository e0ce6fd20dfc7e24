import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ClusterLock } from '../api/types';
import { Refusal } from '../executions/DecisionBox';
import { Holder } from './LockBadge';
import { holderOf } from './locks';
import { texts } from './texts';
import { useBreakLock } from './useLocks';

interface Props {
  lock: ClusterLock;
  opened: boolean;
  onClose: () => void;
}

/** Says what happens to the holder and to those who wait, before the lock is taken away. */
export function BreakLockDialog({ lock, opened, onClose }: Props) {
  const breaking = useBreakLock(lock);
  const [reason, setReason] = useState('');
  const close = () => {
    breaking.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={<b>{texts.breakTitle(lock.cluster)}</b>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          breaking.mutate(reason.trim(), { onSuccess: close });
        }}
      >
        <p style={{ marginTop: 0 }}>
          {texts.holder} <Holder lock={lock} />: {holderOf(lock)}, {texts.holderHint}
        </p>
        <p>{texts.effect}</p>
        <p className="dim">{texts.risk}</p>
        <TextInput
          label={texts.reason}
          description={texts.reasonHint}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          required
          data-autofocus
        />
        <Refusal error={breaking.error} />
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" size="xs" onClick={close}>
            {texts.keep}
          </Button>
          <Button color="red" size="xs" type="submit" loading={breaking.isPending} disabled={reason.trim() === ''}>
            {texts.breakNow}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
