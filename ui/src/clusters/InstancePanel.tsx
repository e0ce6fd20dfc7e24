import { ActionIcon, Drawer, Tooltip } from '@mantine/core';
import { IconRefresh } from '../icons/icons';
import { ApiError } from '../api/client';
import type { Instance } from '../api/types';
import { readable } from '../executions/stages';
import { Loading, Resource } from '../states/states';
import { Ago } from '../time/Elapsed';
import classes from './InstancePanel.module.css';
import { InstanceSquare } from './InstanceSquare';
import { factsOf } from './infrastructure';
import { texts } from './texts';
import { useConsole, useInstance, type InstancePlace } from './useInfrastructure';

/** All about one instance, beside the clusters. */
export function InstancePanel({ place, onClose }: { place?: InstancePlace; onClose: () => void }) {
  return (
    <Drawer
      opened={place !== undefined}
      onClose={onClose}
      position="right"
      size={520}
      title={<b>{place?.id ?? texts.instanceTitle}</b>}
      overlayProps={{ backgroundOpacity: 0.25 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {place && <Details place={place} />}
    </Drawer>
  );
}

function Details({ place }: { place: InstancePlace }) {
  const instance = useInstance(place);
  const gone = instance.error instanceof ApiError && instance.error.status === 404;
  return (
    <div className={classes.panel}>
      {gone ? <p className="dim">{texts.gone}</p> : <Resource of={instance}>{(data) => <Facts instance={data} />}</Resource>}
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
