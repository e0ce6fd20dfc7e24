import type { ClusterLock, Instance, ServerGroup } from '../api/types';
import { lockIn, locksOf } from '../locks/locks';
import { ActionDialog } from './ActionDialog';
import { inRegionOf, onInstance, type GroupAction, type InstanceAction } from './actions';
import { GroupActionDialog } from './GroupActions';

/** What a person is about to do, and to what; as it was when it was chosen. */
export type Acting = { group: ServerGroup } & (
  | { on: 'group'; action: GroupAction }
  | { on: 'instance'; action: InstanceAction; instance: Instance }
);

interface Props {
  application: string;
  acting?: Acting;
  groups: ServerGroup[];
  locks: ClusterLock[];
  onClose: () => void;
}

/** The dialog of an action. It stands beside what it is about, which may be gone before the task has ended. */
export function ActingDialog({ application, acting, groups, locks, onClose }: Props) {
  if (!acting) return null;
  const { account, region, cluster, name } = acting.group;
  const current = inRegionOf(acting.group, groups);
  const group = current.find((each) => each.name === name) ?? acting.group;
  if (acting.on === 'instance') {
    const instance = group.instances.find(({ id }) => id === acting.instance.id) ?? acting.instance;
    // Operations on instances ask no lock.
    return <ActionDialog application={application} action={onInstance(acting.action, group, instance)} onClose={onClose} />;
  }
  const lock = lockIn(locksOf(locks, account, cluster), region);
  return (
    <GroupActionDialog
      application={application}
      chosen={acting.action}
      group={group}
      groups={current}
      lock={lock}
      onClose={onClose}
    />
  );
}
