import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { ClusterLock } from '../api/types';
import { stageUrl } from '../app/urls';
import { IconLock } from '../icons/icons';
import { useExecution } from '../executions/useExecutions';
import { describeTrigger } from '../executions/trigger';
import { Ago } from '../time/Elapsed';
import { BreakLockDialog } from './BreakLockDialog';
import classes from './locks.module.css';
import { holderOf } from './locks';
import { texts } from './texts';

/** Who holds a cluster's lock and since when; the way to take it away. */
export function LockBadge({ lock }: { lock: ClusterLock }) {
  const [breaking, setBreaking] = useState(false);
  return (
    <div className={classes.badge} data-tone="wait" role="group" aria-label={texts.lockOf(lock.cluster, lock.region)}>
      <IconLock size={14} aria-hidden />
      <span>
        {texts.locked} <Ago time={lock.since} /> {texts.by} <Holder lock={lock} />
      </span>
      <UnstyledButton className={classes.break} onClick={() => setBreaking(true)}>
        {texts.break}
      </UnstyledButton>
      <BreakLockDialog lock={lock} opened={breaking} onClose={() => setBreaking(false)} />
    </div>
  );
}

/** A link to the holder: by its name and who started it, else in the server's words. */
export function Holder({ lock }: { lock: ClusterLock }) {
  const { data: execution } = useExecution(lock.executionId);
  if (!execution) return <b>{holderOf(lock)}</b>;
  const who = describeTrigger(execution);
  return (
    <>
      <Link to={stageUrl(execution.application, execution.id, lock.stageId)} className={classes.holder}>
        {execution.name ?? execution.description ?? execution.id}
      </Link>
      {who && ` (${who})`}
    </>
  );
}
