import { Loader } from '@mantine/core';
import type { Guard } from '../api/types';
import { IconShieldCheck, IconShieldX } from '../icons/icons';
import { Failed } from '../states/states';
import { Ago } from '../time/Elapsed';
import classes from './actions.module.css';
import { describeRule } from './guards';
import { texts } from './texts';
import { useGuard } from './useActions';

/** Known to be allowed; not known is no. */
export function useMayAct(url: string): boolean {
  const { data, isError } = useGuard(url);
  return data?.allowed === true && !isError;
}

/** What the traffic guards say, by which rule, and who set it. */
export function GuardVerdict({ url, note }: { url: string; note?: string }) {
  const guard = useGuard(url);
  if (guard.error) {
    return <Failed title={texts.askFailed} error={guard.error} onRetry={() => void guard.refetch()} />;
  }
  if (guard.data === undefined) {
    return (
      <p className={classes.note} data-tone="off" role="status">
        <Loader size={13} color="gray" />
        {texts.asking}
      </p>
    );
  }
  const { allowed, reason, guards } = guard.data;
  if (allowed && guards.length === 0) return <p className="dim">{texts.unguarded}</p>;
  const Icon = allowed ? IconShieldCheck : IconShieldX;
  return (
    <section className={classes.verdict} data-tone={allowed ? 'ok' : 'bad'} role={allowed ? 'status' : 'alert'}>
      <h3>
        <Icon size={16} aria-hidden />
        {allowed ? texts.guarded(guards.length) : texts.denied}
      </h3>
      {reason && <p>{reason}</p>}
      {allowed && note && <p>{note}</p>}
      <Rules guards={guards} />
    </section>
  );
}

function Rules({ guards }: { guards: Guard[] }) {
  return (
    <ul className={classes.rules} aria-label={texts.rules(guards.length)}>
      {guards.map((guard, index) => (
        <li key={index}>
          {texts.rule}: {describeRule(guard)}
          {guard.setBy && `, ${texts.setBy(guard.setBy)}`}
          {guard.setAt !== undefined && (
            <>
              , {texts.lastChanged} <Ago time={guard.setAt} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
