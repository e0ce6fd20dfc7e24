import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { ClusterLock } from '../api/types';
import { Refusal } from '../executions/DecisionBox';
import { IconLock } from '../icons/icons';
import { Holder } from '../locks/LockBadge';
import classes from './actions.module.css';
import type { Action } from './actions';
import { GuardVerdict, useMayAct } from './GuardVerdict';
import { TaskProgress } from './TaskProgress';
import { texts } from './texts';
import { useAct } from './useActions';

interface Props {
  application: string;
  action: Action;
  /** On the cluster that it changes. */
  lock?: ClusterLock;
  onClose: () => void;
  /** What is to be decided first: a size, a target. */
  children?: ReactNode;
  /** The decision above is not one yet. */
  incomplete?: boolean;
}

/** What an action changes and whether a guard refuses it, before it can be asked for; then how the task goes. */
export function ActionDialog({ application, action, lock, onClose, children, incomplete = false }: Props) {
  const [reason, setReason] = useState('');
  const act = useAct(application);
  const mayAct = useMayAct(action.guardUrl);
  // The task's own words stay when what they are about has changed.
  const title = act.variables?.action.title ?? action.title;
  return (
    <Modal opened onClose={onClose} title={<b>{title}</b>} size="md">
      {act.isSuccess ? (
        <TaskProgress application={application} id={act.data} onClose={onClose} />
      ) : (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (mayAct && !incomplete) act.mutate({ action, reason: reason.trim() });
          }}
        >
          {children}
          <Changes lines={action.changes} />
          <GuardVerdict url={action.guardUrl} note={action.guardNote} />
          {lock && <Waits lock={lock} />}
          <TextInput
            label={texts.reason}
            description={texts.reasonHint}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Refusal error={act.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="xs" onClick={onClose}>
              {texts.cancel}
            </Button>
            <Button
              size="xs"
              type="submit"
              color={action.takes ? 'red' : undefined}
              loading={act.isPending}
              disabled={!mayAct || incomplete}
            >
              {action.verb}
            </Button>
          </Group>
        </form>
      )}
    </Modal>
  );
}

function Changes({ lines }: { lines: string[] }) {
  return (
    <section className={classes.changes} aria-label={texts.effect}>
      <h3>{texts.effect}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

function Waits({ lock }: { lock: ClusterLock }) {
  return (
    <p className={classes.note} data-tone="wait">
      <IconLock size={15} aria-hidden />
      <span>
        {texts.locked} <Holder lock={lock} />
      </span>
    </p>
  );
}
