import type { Execution, Json } from '../api/types';

/** Who or what started it: "ada", "schedule 0 0 9 * * ?", "pipeline Build (shop)". */
export function describeTrigger(execution: Execution): string {
  const { trigger } = execution;
  const user = person(trigger.user ?? execution.authentication?.user);
  switch (trigger.type) {
    case undefined:
      return user ?? '';
    case 'manual':
      return user ? `${user}, by hand` : 'by hand';
    case 'cron':
      return trigger.cronExpression ? `schedule ${trigger.cronExpression}` : 'schedule';
    case 'pipeline': {
      const name = trigger.parentPipelineName ?? trigger.parentExecution?.name ?? 'another one';
      const application = trigger.parentPipelineApplication ?? trigger.parentExecution?.application;
      return application && application !== execution.application
        ? `pipeline ${name} (${application})`
        : `pipeline ${name}`;
    }
    default:
      return [trigger.type, trigger.source].filter(Boolean).join(' ');
  }
}

/** Deck's and the API's ways to say that nobody is signed in are one. */
function person(user?: string): string | undefined {
  const name = user?.replace(/^\[(.*)\]$/, '$1');
  return name === '' ? undefined : name;
}

/** The parameters that say something, as text. */
export function parametersOf(execution: Execution): [string, string][] {
  return Object.entries(execution.trigger.parameters ?? {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => [name, asText(value)]);
}

const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value));
