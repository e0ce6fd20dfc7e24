import { Loader, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Plan, StageConfig } from '../api/types';
import { Assumptions, Effects, Problems, StageRow } from './PlanView';
import classes from './plans.module.css';
import { isBad, problemsOf, summaryOf } from './plan';
import { texts } from './texts';
import { usePlan } from './usePlan';

interface Props {
  application: string;
  pipeline: string;
  parameters: Record<string, string>;
  /** As they are configured: their order is known before the plan is. */
  stages: StageConfig[];
  /** Labels of the parameters that need a value and have none, by their names. */
  missing: Record<string, string>;
  /** It may be as high as it likes. */
  whole?: boolean;
}

/** What a pipeline would do, before it is started. That nobody knows is no reason not to start it. */
export function PlanPreview({ application, pipeline, parameters, stages, missing, whole = false }: Props) {
  const { plan, error, isOld, retry } = usePlan(application, pipeline, parameters);
  if (error) {
    return (
      <NoPlan stages={stages}>
        {texts.unknown}: {error.message} {texts.startsAnyway}{' '}
        <UnstyledButton className={classes.retry} onClick={retry}>
          {texts.retry}
        </UnstyledButton>
      </NoPlan>
    );
  }
  if (plan === undefined) {
    return (
      <NoPlan stages={stages}>
        <Loader size={11} color="gray" mr={6} />
        {texts.asking}
      </NoPlan>
    );
  }
  return (
    <section className={classes.plan} aria-label={texts.title} aria-busy={isOld} data-old={isOld || undefined} data-whole={whole || undefined}>
      <header className={classes.head}>
        <h3>{texts.title}</h3>
        {isOld && (
          <span className={classes.again}>
            <Loader size={11} color="gray" /> {texts.askingAgain}
          </span>
        )}
      </header>
      {/* Long ones scroll here, with the keyboard too. */}
      <div className={classes.scroll} tabIndex={whole ? undefined : 0} role="group" aria-label={texts.title}>
        <Told plan={plan} stages={stages} missing={missing} />
      </div>
    </section>
  );
}

function Told({ plan, stages, missing }: { plan: Plan; stages: StageConfig[]; missing: Record<string, string> }) {
  const problems = problemsOf(plan, (name) => name in missing);
  const labels = Object.values(missing);
  const bad = isBad(plan);
  const title = plan.status === undefined ? texts.cannotStart : bad ? texts.wouldFail : texts.doubtful(problems.length);
  return (
    <>
      <div className={classes.verdict} role="status">
        {labels.length > 0 && <p className={classes.note}>{texts.waitsForValues(labels.join(', '))}</p>}
        {problems.length > 0 && <Problems title={title} problems={problems} tone={bad ? 'bad' : 'warn'} />}
        {plan.status !== undefined && <p className={classes.summary}>{summaryOf(plan)}</p>}
      </div>
      <StageRow stages={plan.stages.length > 0 ? plan.stages : stages} />
      <Effects stages={plan.stages} />
      <Assumptions stages={plan.stages} />
    </>
  );
}

/** The order of the stages, and why there is no more. */
function NoPlan({ stages, children }: { stages: StageConfig[]; children: ReactNode }) {
  return (
    <section className={classes.plan} aria-label={texts.title}>
      <p className={classes.noPlan} role="status">
        {children}
      </p>
      <StageRow stages={stages} />
    </section>
  );
}
