import type { Capabilities, Instance, Json, ServerGroup } from '../api/types';
import { isDisabled, shortName, upCount } from '../clusters/infrastructure';
import { path } from '../api/client';
import { texts } from './texts';

type Job = { [field: string]: Json };

/** What a person can have done, as far as the dialog needs to know. */
export interface Action {
  /** "Disable shop-main-v003": the task's description too. */
  title: string;
  /** On the button that does it. */
  verb: string;
  /** It takes something away. */
  takes: boolean;
  /** What will be different, a line each. */
  changes: string[];
  /** Where the traffic guards are asked. */
  guardUrl: string;
  /** Why the guards, which see only the present, need not object. */
  guardNote?: string;
  /** The stage of the ad-hoc task. */
  job: Job;
}

export type GroupAction = 'resize' | 'enable' | 'disable' | 'rollBack' | 'destroy';

/** The server groups of a cluster in one region. */
export const inRegionOf = (group: ServerGroup, groups: ServerGroup[]) =>
  groups.filter(({ account, region, cluster }) => account === group.account && region === group.region && cluster === group.cluster);

const others = (group: ServerGroup, groups: ServerGroup[]) =>
  inRegionOf(group, groups).filter(({ name }) => name !== group.name);

/** Those that can be asked of a server group as it is now. */
export function actionsOf(group: ServerGroup, groups: ServerGroup[]): GroupAction[] {
  const canMove = isDisabled(group) ? others(group, groups).some((other) => !isDisabled(other)) : others(group, groups).length > 0;
  return ['resize', isDisabled(group) ? 'enable' : 'disable', ...(canMove ? (['rollBack'] as const) : []), 'destroy'];
}

// --- server groups

export function resize(group: ServerGroup, desired: number): Action {
  const now = sizeOf(group);
  const capacity = capacityAfter(group, desired);
  const changes = [texts.sizeChange(group.name, now, desired)];
  if (desired === 0 && !isDisabled(group)) changes.push(texts.servesNoMore(group.name));
  if (group.capacity && group.capacity.min !== group.capacity.max && (capacity.min < group.capacity.min || capacity.max > group.capacity.max)) {
    changes.push(texts.limits(capacity.min, capacity.max));
  }
  return {
    title: texts.resizeTitle(group.name, desired),
    verb: texts.resize,
    takes: desired < now,
    changes,
    guardUrl: `${guardUrl(group, 'resizeServerGroup')}&desired=${desired}`,
    job: { ...jobOn(group, 'resizeServerGroup'), capacity },
  };
}

export const sizeOf = ({ capacity, instances }: ServerGroup) => capacity?.desired ?? instances.length;

/** A fixed size stays fixed; limits give way to a size that lies outside of them. */
export function capacityAfter({ capacity }: ServerGroup, desired: number) {
  if (!capacity || capacity.min === capacity.max) return { min: desired, max: desired, desired };
  return { min: Math.min(capacity.min, desired), max: Math.max(capacity.max, desired), desired };
}

export function enable(group: ServerGroup, groups: ServerGroup[]): Action {
  const sharing = serving(others(group, groups));
  return {
    title: texts.enableTitle(group.name),
    verb: texts.enable,
    takes: false,
    changes: [
      texts.getsTraffic(group.name, group.instances.length, group.loadBalancers ?? []),
      sharing.length > 0 ? texts.sharesWith(names(sharing)) : texts.servesAlone,
    ],
    guardUrl: guardUrl(group, 'enableServerGroup'),
    job: jobOn(group, 'enableServerGroup'),
  };
}

export function disable(group: ServerGroup, groups: ServerGroup[]): Action {
  return {
    title: texts.disableTitle(group.name),
    verb: texts.disable,
    takes: true,
    changes: [...trafficLeaves(group, groups), texts.instancesGoOn(group.instances.length)],
    guardUrl: guardUrl(group, 'disableServerGroup'),
    job: jobOn(group, 'disableServerGroup'),
  };
}

export function destroy(group: ServerGroup, groups: ServerGroup[]): Action {
  const traffic = isDisabled(group) ? [texts.noTrafficLost] : trafficLeaves(group, groups);
  return {
    title: texts.destroyTitle(group.name),
    verb: texts.destroy,
    takes: true,
    changes: [texts.destroys(group.name, group.instances.length), ...traffic],
    guardUrl: guardUrl(group, 'destroyServerGroup'),
    job: jobOn(group, 'destroyServerGroup'),
  };
}

/** Where the traffic can come from and go to, the likeliest first. */
export function rollBackEnds(group: ServerGroup, groups: ServerGroup[]): { from: ServerGroup[]; to: ServerGroup[] } {
  const newestFirst = others(group, groups).sort((a, b) => (b.createdTime ?? 0) - (a.createdTime ?? 0));
  if (isDisabled(group)) return { from: newestFirst.filter((other) => !isDisabled(other)), to: [group] };
  return { from: [group], to: newestFirst };
}

/** As the stage rollbackServerGroup does it: the good one is enabled, as large as the bad one and up before the bad one is disabled. */
export function rollBack(from: ServerGroup, to: ServerGroup): Action {
  const size = Math.max(sizeOf(from), sizeOf(to));
  const changes = [texts.trafficGoes(shortName(from), shortName(to))];
  if (size !== sizeOf(to)) changes.push(texts.sizeChange(to.name, sizeOf(to), size));
  if (isDisabled(to)) changes.push(texts.enabledFirst(to.name));
  changes.push(texts.disabledAfter(from.name));
  return {
    title: texts.rollBackTitle(from.moniker?.cluster ?? from.cluster, shortName(to)),
    verb: texts.rollBack,
    takes: true,
    changes,
    guardUrl: guardUrl(from, 'rollbackServerGroup'),
    guardNote: texts.rollBackGuard(shortName(from), shortName(to)),
    job: {
      type: 'rollbackServerGroup',
      cloudProvider: from.cloudProvider,
      credentials: from.account,
      region: from.region,
      rollbackType: 'EXPLICIT',
      rollbackContext: { rollbackServerGroupName: from.name, restoreServerGroupName: to.name },
    },
  };
}

const serving = (groups: ServerGroup[]) => groups.filter((group) => !isDisabled(group) && upCount(group.instances) > 0);
const names = (groups: ServerGroup[]) => groups.map(shortName).join(', ');

function trafficLeaves(group: ServerGroup, groups: ServerGroup[]): string[] {
  const left = serving(others(group, groups));
  if (left.length > 0) return [texts.trafficGoes(shortName(group), names(left))];
  return upCount(group.instances) > 0 ? [texts.nobodyLeft(group.cluster)] : [];
}

function guardUrl({ account, region, name, moniker, cluster }: ServerGroup, operation: string): string {
  return `${path('applications', moniker?.app ?? cluster, 'serverGroups', account, region, name, 'guard')}?operation=${operation}`;
}

const jobOn = ({ account, region, name, cloudProvider }: ServerGroup, type: string): Job => ({
  type,
  cloudProvider,
  credentials: account,
  region,
  serverGroupName: name,
});

// --- instances

export type InstanceAction = 'terminate' | 'reboot' | 'register' | 'deregister';

/** What the account's cloud can do; traffic only where there is some to give or take. */
export function instanceActionsOf(group: ServerGroup, can: Capabilities): InstanceAction[] {
  const behind = can.registerInstances && !isDisabled(group) && (group.loadBalancers ?? []).length > 0;
  return [
    ...(behind ? (['deregister', 'register'] as const) : []),
    ...(can.rebootInstances ? (['reboot'] as const) : []),
    ...(can.terminateInstances ? (['terminate'] as const) : []),
  ];
}

const types: Record<InstanceAction, string> = {
  terminate: 'terminateInstances',
  reboot: 'rebootInstances',
  register: 'registerInstancesWithLoadBalancer',
  deregister: 'deregisterInstancesFromLoadBalancer',
};

export function onInstance(kind: InstanceAction, group: ServerGroup, instance: Instance): Action {
  const { account, region, cloudProvider } = group;
  const loadBalancers = group.loadBalancers ?? [];
  const words = texts.instance[kind];
  const aboutTraffic = kind === 'register' || kind === 'deregister';
  const changes = [words.change(instance.name, loadBalancers)];
  if (kind !== 'register' && !isDisabled(group)) changes.push(staysUp(group, instance));
  return {
    title: words.title(instance.name),
    verb: words.verb,
    takes: kind !== 'register',
    changes,
    guardUrl: `${path('instances', account, region, instance.id, 'guard')}?operation=${types[kind]}`,
    job: {
      type: types[kind],
      cloudProvider,
      credentials: account,
      region,
      instanceIds: [instance.id],
      ...(aboutTraffic ? { loadBalancerNames: loadBalancers } : {}),
    },
  };
}

function staysUp(group: ServerGroup, instance: Instance): string {
  const up = upCount(group.instances);
  return texts.meanwhile(up, instance.healthState === 'Up' ? up - 1 : up, shortName(group));
}

/** A task of one stage, in the way the API wants it. */
export function taskOf(application: string, { title, job }: Action, reason: string): Job {
  return { application, description: title, job: [reason === '' ? job : { ...job, reason }] };
}
