import { ActionIcon, Drawer, Tooltip } from '@mantine/core';
import { IconRefresh } from '../icons/icons';
import { ApiError } from '../api/client';
import { InstanceActions } from '../actions/InstanceActions';
import type { InstanceAction } from '../actions/actions';
import type { Instance, ServerGroup } from '../api/types';
import { readable } from '../executions/stages';
import { Loading, Resource } from '../states/states';
import { Ago } from '../time/Elapsed';
import classes from './InstancePanel.module.css';
import { InstanceSquare } from './InstanceSquare';
import { factsOf } from './infrastructure';
import { texts } from './texts';
import { useConsole, useInstance, type InstancePlace } from './useInfrastructure';

/** As it was when it was opened. */
export interface OpenedInstance {
  group: ServerGroup;
  instance: Instance;
}

interface Props {
  of?: OpenedInstance;
  /** A dialog stands before it, and has the keyboard. */
  covered: boolean;
  onAct: (action: InstanceAction) => void;
  onClose: () => void;
}

/** All about one instance, beside the clusters. */
export function InstancePanel({ of, covered, onAct, onClose }: Props) {
  return (
    <Drawer
      opened={of !== undefined}
      closeOnEscape={!covered}
      trapFocus={!covered}
      onClose={onClose}
      position="right"
      size={520}
      title={<b>{of?.instance.name ?? texts.instanceTitle}</b>}
      overlayProps={{ backgroundOpacity: 0.25 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {of && <Details of={of} onAct={onAct} />}
    </Drawer>
  );
}

function Details({ of: { group, instance: opened }, onAct }: { of: OpenedInstance; onAct: Props['onAct'] }) {
  const { account, region, cloudProvider: provider } = group;
  const place: InstancePlace = { account, region, provider, id: opened.id };
  const instance = useInstance(place);
  const gone = instance.error instanceof ApiError && instance.error.status === 404;
  return (
    <div className={classes.panel}>
      {gone ? (
        <p className="dim">{texts.gone}</p>
      ) : (
        <>
          <section aria-label={texts.actions}>
            <InstanceActions group={group} onAct={onAct} />
          </section>
          <Resource of={instance}>{(data) => <Facts instance={data} />}</Resource>
        </>
      )}
      <Console place={place} />
    </div>
  );
}

function Facts({ instance }: { instance: Instance }) {
  return (
    <>
      <section>
        <h3>{texts.healthTitle}</h3>
        <div className={classes.state}>
          <InstanceSquare instance={instance} />
          <b>{texts.health[instance.healthState] ?? instance.healthState}</b>
          {instance.launchTime !== undefined && (
            <span className="dim">
              {texts.since} <Ago time={instance.launchTime} />
            </span>
          )}
        </div>
        <ul className={classes.health}>
          {instance.health.map((health, index) => (
            <li key={index}>
              <span>{readable(health.type)}</span>
              <span>
                {health.state === 'Unknown' ? texts.noOpinion : health.state}
                {(health.description ?? health.status) && ` · ${health.description ?? health.status}`}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{texts.detailsTitle}</h3>
        <dl className={classes.facts}>
          {factsOf(instance).map(([name, value]) => (
            <div key={name}>
              <dt>{texts.fields[name] ?? readable(name)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

function Console({ place }: { place: InstancePlace }) {
  const output = useConsole(place);
  return (
    <section>
      <h3>
        {texts.consoleTitle}
        <Tooltip label={texts.refresh}>
          <ActionIcon
            variant="subtle"
            size="sm"
            color="gray"
            aria-label={texts.refresh}
            loading={output.isFetching}
            onClick={() => void output.refetch()}
          >
            <IconRefresh size={14} />
          </ActionIcon>
        </Tooltip>
      </h3>
      <Resource
        of={output}
        loading={<Loading rows={1} height={160} />}
        isEmpty={(text) => text.trim() === ''}
        empty={<p className="dim">{texts.consoleEmpty}</p>}
      >
        {(text) => (
          <pre className={classes.console} tabIndex={0} aria-label={texts.consoleTitle}>
            {text}
          </pre>
        )}
      </Resource>
    </section>
  );
}
