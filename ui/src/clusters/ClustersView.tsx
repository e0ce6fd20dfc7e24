import { Button } from '@mantine/core';
import { IconArrowRight, IconServer2, IconTopologyStar3 } from '../icons/icons';
import { useState, type ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { ClusterLock, HealthState, Instance, LoadBalancer, ServerGroup } from '../api/types';
import { ActingDialog, type Acting } from '../actions/Acting';
import { GroupMenu } from '../actions/GroupActions';
import type { GroupAction } from '../actions/actions';
import { applicationUrl } from '../app/urls';
import { LockBadge } from '../locks/LockBadge';
import { locksOf } from '../locks/locks';
import { useClusterLocks } from '../locks/useLocks';
import { Empty, Loading, Resource } from '../states/states';
import { Ago } from '../time/Elapsed';
import classes from './ClustersView.module.css';
import { InstancePanel, type OpenedInstance } from './InstancePanel';
import { InstanceSquare } from './InstanceSquare';
import {
  grouped,
  imageOf,
  isDisabled,
  portOf,
  shortName,
  upCount,
  versionOf,
  type AccountClusters,
  type Cluster,
} from './infrastructure';
import { texts } from './texts';
import { useClusters, useLoadBalancers, useServerGroups } from './useInfrastructure';

type OnInstance = (group: ServerGroup, instance: Instance) => void;
type OnAct = (group: ServerGroup, action: GroupAction) => void;

/** What an application has deployed, where, and what takes traffic. */
export function ClustersView() {
  const { application = '' } = useParams();
  const clusters = useClusters(application);
  const serverGroups = useServerGroups(application);
  const balancers = useLoadBalancers(application);
  const loading = <Loading rows={2} height={190} />;
  return (
    <Resource of={clusters} loading={loading}>
      {(names) => (
        <Resource of={serverGroups} loading={loading}>
          {(groups) => (
            // Without the load balancers' answer the rest is still worth seeing.
            <Deployed application={application} accounts={grouped(names, groups, balancers.data ?? [])} groups={groups} />
          )}
        </Resource>
      )}
    </Resource>
  );
}

interface DeployedProps {
  application: string;
  accounts: AccountClusters[];
  groups: ServerGroup[];
}

function Deployed({ application, accounts, groups }: DeployedProps) {
  const [opened, setOpened] = useState<OpenedInstance>();
  const [acting, setActing] = useState<Acting>();
  // Without their answer the rest is still worth seeing.
  const locks = useClusterLocks();
  const onInstance: OnInstance = (group, instance) => setOpened({ group, instance });
  return (
    <>
      {accounts.length === 0 && <Nothing application={application} />}
      {accounts.map(({ account, clusters }) => (
        <section key={account} className={classes.account} aria-label={`${texts.account} ${account}`}>
          <h2>
            <span className="dim">{texts.account}</span> {account}
          </h2>
          {clusters.map((cluster) => (
            <ClusterCard
              key={cluster.name}
              cluster={cluster}
              locks={locksOf(locks.data ?? [], account, cluster.name)}
              onInstance={onInstance}
              onAct={(group, action) => setActing({ on: 'group', group, action })}
            />
          ))}
        </section>
      ))}
      <Legend accounts={accounts} />
      <InstancePanel
        of={opened}
        covered={acting !== undefined}
        onAct={(action) => opened && setActing({ on: 'instance', ...opened, action })}
        onClose={() => setOpened(undefined)}
      />
      <ActingDialog
        application={application}
        acting={acting}
        groups={groups}
        locks={locks.data ?? []}
        onClose={() => setActing(undefined)}
      />
    </>
  );
}

function Nothing({ application }: { application: string }) {
  return (
    <Empty title={texts.empty} icon={<IconServer2 size={32} />}>
      {texts.emptyNext}
      <div style={{ marginTop: 14 }}>
        <Button component={Link} to={applicationUrl(application)} size="xs" variant="light">
          {texts.toPipelines}
        </Button>
      </div>
    </Empty>
  );
}

interface CardProps {
  cluster: Cluster;
  locks: ClusterLock[];
  onInstance: OnInstance;
  onAct: OnAct;
}

function ClusterCard({ cluster, locks, onInstance, onAct }: CardProps) {
  return (
    <section className={classes.cluster} aria-label={cluster.name}>
      <header className={classes.head}>
        <h3>{cluster.name}</h3>
        {cluster.loadBalancers.map((balancer) => (
          <Balancer key={balancer.name} balancer={balancer} groups={cluster.serverGroups} />
        ))}
        {locks.map((lock) => (
          <LockBadge key={lock.region} lock={lock} />
        ))}
      </header>
      {cluster.serverGroups.length === 0 ? (
        <p className={classes.none}>{texts.noGroups}</p>
      ) : (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>{texts.serverGroup}</th>
              <th>{texts.version}</th>
              <th>{texts.instances}</th>
              <th>{texts.traffic}</th>
              <th>{texts.capacity}</th>
              <th className={classes.created}>{texts.created}</th>
              <th aria-label={texts.actions} />
            </tr>
          </thead>
          <tbody>
            {cluster.serverGroups.map((group) => (
              <GroupRow key={`${group.region}/${group.name}`} group={group} onInstance={onInstance}>
                <GroupMenu group={group} groups={cluster.serverGroups} onAct={(action) => onAct(group, action)} />
              </GroupRow>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Balancer({ balancer, groups }: { balancer: LoadBalancer; groups: ServerGroup[] }) {
  const served = groups.filter((group) => !isDisabled(group) && group.loadBalancers?.includes(balancer.name));
  const port = portOf(balancer);
  return (
    <div className={classes.balancer}>
      <IconTopologyStar3 size={14} aria-hidden />
      <b>{balancer.name}</b>
      {port && <span className="mono dim">:{port}</span>}
      <IconArrowRight size={13} className="dim" aria-hidden />
      <span className="dim">{served.length > 0 ? texts.sendsTo : texts.sendsNowhere}</span>
      {served.length > 0 && <b>{served.map(shortName).join(', ')}</b>}
    </div>
  );
}

function GroupRow({ group, onInstance, children }: { group: ServerGroup; onInstance: OnInstance; children: ReactNode }) {
  const disabled = isDisabled(group);
  const version = versionOf(group);
  return (
    <tr data-disabled={disabled || undefined} aria-label={`${group.name}: ${disabled ? texts.disabled : texts.enabled}`}>
      <td>
        <div className={classes.group}>
          <span className={classes.groupName} title={group.name}>
            {group.name}
          </span>
          <span className={classes.badge} data-tone={disabled ? 'off' : 'ok'} data-hollow={disabled || undefined}>
            {disabled ? texts.disabled : texts.enabled}
          </span>
        </div>
        <div className={classes.second}>{group.region}</div>
      </td>
      <td>
        <div className={classes.version}>{version ?? texts.unknown}</div>
        <div className={classes.second + ' ' + classes.image} title={imageOf(group)}>
          {imageOf(group)}
        </div>
      </td>
      <td>
        <Instances group={group} onInstance={onInstance} />
      </td>
      <td>
        <Traffic group={group} />
      </td>
      <td className="number">
        <Size group={group} />
      </td>
      <td className={classes.created}>{group.createdTime !== undefined && <Ago time={group.createdTime} />}</td>
      <td className={classes.menu}>{children}</td>
    </tr>
  );
}

function Instances({ group, onInstance }: { group: ServerGroup; onInstance: OnInstance }) {
  if (group.instances.length === 0) return <span className="dim">{texts.noInstances}</span>;
  return (
    <div className={classes.instances}>
      <div className={classes.squares}>
        {group.instances.map((instance) => (
          <InstanceSquare key={instance.id} instance={instance} onClick={() => onInstance(group, instance)} />
        ))}
      </div>
      <span className={classes.second + ' number'}>{texts.up(upCount(group.instances), group.instances.length)}</span>
    </div>
  );
}

function Traffic({ group }: { group: ServerGroup }) {
  const balancers = group.loadBalancers ?? [];
  if (balancers.length === 0) return <span className="dim">{texts.noBalancer}</span>;
  if (isDisabled(group)) return <span className="dim">{texts.noTraffic}</span>;
  return <span>{texts.from(balancers.join(', '))}</span>;
}

function Size({ group: { capacity, instances } }: { group: ServerGroup }) {
  if (!capacity) return <>{instances.length}</>;
  const { min, max, desired } = capacity;
  return min === max ? <>{desired}</> : <span title={`${min} … ${max}`}>{`${desired} (${min}–${max})`}</span>;
}

/** Only the states that occur, so that the legend stays short. */
function Legend({ accounts }: { accounts: AccountClusters[] }) {
  const states = new Set<HealthState>();
  for (const { clusters } of accounts) {
    for (const { serverGroups } of clusters) {
      for (const { instances } of serverGroups) instances.forEach(({ healthState }) => states.add(healthState));
    }
  }
  if (states.size === 0) return null;
  return (
    <p className={classes.legend}>
      {texts.legend}
      {[...states].sort().map((state) => (
        <span key={state}>
          <InstanceSquare instance={{ id: state, name: state, healthState: state, health: [] }} />
          {texts.health[state] ?? state}
        </span>
      ))}
    </p>
  );
}
