import { TextInput } from '@mantine/core';
import { IconSearch, IconStack2 } from '../icons/icons';
import { useState } from 'react';
import { Link } from 'react-router';
import type { ApplicationAttributes, Execution } from '../api/types';
import { applicationUrl, executionUrl } from '../app/urls';
import { needsYou } from '../executions/stages';
import { useExecutions } from '../executions/useExecutions';
import { newestFirst } from '../live/merge';
import { Command, Empty, Loading, Resource } from '../states/states';
import { StatusIcon } from '../status/StatusIcon';
import { toneOf } from '../status/status';
import { texts as statusTexts } from '../status/texts';
import { Ago } from '../time/Elapsed';
import classes from './ApplicationsView.module.css';
import { texts } from './texts';
import { useApplications } from './useApplications';

/** From this many on, a list is searched rather than read. */
const worthSearching = 6;

export function ApplicationsView() {
  const applications = useApplications();
  const [wanted, setWanted] = useState('');
  const count = applications.data?.length ?? 0;
  return (
    <div className={classes.view}>
      <header className={classes.head}>
        <h1>{texts.title}</h1>
        {count > 0 && <span className={classes.count}>{count}</span>}
        {count >= worthSearching && (
          <TextInput
            className={classes.find}
            size="xs"
            leftSection={<IconSearch size={14} />}
            placeholder={texts.find}
            aria-label={texts.find}
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
        )}
      </header>
      <Resource
        of={applications}
        loading={<Loading rows={5} height={58} />}
        isEmpty={(list) => list.length === 0}
        empty={
          <Empty title={texts.empty} icon={<IconStack2 size={32} />}>
            {texts.emptyNext}
            <Command>{texts.emptyCommand}</Command>
          </Empty>
        }
      >
        {(list) => <Table applications={matching(list, wanted)} wanted={wanted} />}
      </Resource>
    </div>
  );
}

function matching(list: ApplicationAttributes[], wanted: string): ApplicationAttributes[] {
  const text = wanted.trim().toLowerCase();
  const fits = ({ name, email, description }: ApplicationAttributes) =>
    [name, email, description].some((field) => field?.toLowerCase().includes(text));
  return list.filter(fits).sort((a, b) => a.name.localeCompare(b.name));
}

function Table({ applications, wanted }: { applications: ApplicationAttributes[]; wanted: string }) {
  if (applications.length === 0) return <Empty title={texts.noMatch(wanted)} />;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>{texts.name}</th>
          <th>{texts.owner}</th>
          <th>{texts.pipelines}</th>
          <th className={classes.latest}>{texts.latest}</th>
        </tr>
      </thead>
      <tbody>
        {applications.map((application) => (
          <Row key={application.name} application={application} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ application }: { application: ApplicationAttributes }) {
  const executions = useExecutions(application.name, 1);
  const last = lastOfEach(executions.data ?? []);
  const latest = last.toSorted(newestFirst)[0];
  return (
    <tr>
      <td className={classes.name}>
        <Link to={applicationUrl(application.name)}>{application.name}</Link>
        {application.description && <div className={classes.description}>{application.description}</div>}
      </td>
      <td className="dim">{application.email}</td>
      <td>
        <div className={classes.chips}>
          {last.map((execution) => (
            <LastState key={execution.id} execution={execution} />
          ))}
          {executions.isSuccess && last.length === 0 && <span className="dim">{texts.noPipelines}</span>}
        </div>
      </td>
      <td className={classes.latest}>{latest?.buildTime !== undefined && <Ago time={latest.buildTime} />}</td>
    </tr>
  );
}

/** One execution a pipeline: the newest, pipelines in the order of their names. */
function lastOfEach(executions: Execution[]): Execution[] {
  const newest = new Map<string, Execution>();
  for (const execution of executions.toSorted(newestFirst)) {
    const pipeline = execution.pipelineConfigId ?? execution.name ?? '';
    if (!newest.has(pipeline)) newest.set(pipeline, execution);
  }
  return [...newest.values()].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
}

function LastState({ execution }: { execution: Execution }) {
  const yours = execution.stages.some(needsYou);
  const word = yours ? statusTexts.needsYou : (statusTexts.status[execution.status] ?? execution.status);
  return (
    <Link
      className={classes.chip}
      data-tone={yours ? 'wait' : toneOf(execution.status)}
      to={executionUrl(execution.application, execution.id)}
      title={word}
      aria-label={`${execution.name}: ${word}`}
    >
      <StatusIcon status={execution.status} needsYou={yours} size={12} />
      {execution.name}
    </Link>
  );
}
