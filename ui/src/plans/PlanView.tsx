import { VisuallyHidden } from '@mantine/core';
import { Fragment } from 'react';
import type { PlannedOperation, PlannedStage, StageConfig } from '../api/types';
import { IconAlertTriangle, IconArrowRight, IconBan, IconChevronRight, IconMinus, IconPencil, IconPlus, IconQuestionMark, IconX } from '../icons/icons';
import { phasesOf } from '../pipelines/phases';
import { formatDuration } from '../time/duration';
import classes from './plans.module.css';
import {
  assumptionsOf, childrenIn, describe, differencesOf, isTelling, markOf, operationsOf, splitUnknown, weightOf,
  type Difference, type Mark, type Problem, type Weight,
} from './plan';
import { texts } from './texts';

const tones: Record<Mark, string> = {
  'may run': 'wait', 'not known': 'wait', skipped: 'off', 'not reached': 'off', fails: 'bad', 'never ends': 'bad',
};
const signs: Record<Mark, typeof IconX> = {
  'may run': IconQuestionMark, 'not known': IconQuestionMark, skipped: IconBan, 'not reached': IconBan, fails: IconX, 'never ends': IconX,
};

/** The stages in their order, those that run side by side together, each with what stands out about it. */
export function StageRow({ stages }: { stages: (PlannedStage | StageConfig)[] }) {
  return (
    <ol className={classes.row} aria-label={texts.stages}>
      {phasesOf(stages).map((phase, index) => (
        <li key={index}>
          <span className={phase.length > 1 ? classes.together : undefined}>
            {phase.map((stage, place) => (
              <Fragment key={stage.refId}>
                {place > 0 && <span className="dim"> {texts.and} </span>}
                <StageMark name={stage.name ?? stage.type} mark={'outcome' in stage ? markOf(stage) : undefined} />
              </Fragment>
            ))}
          </span>
          <IconChevronRight size={12} aria-hidden className={classes.arrow} />
        </li>
      ))}
    </ol>
  );
}

function StageMark({ name, mark }: { name: string; mark?: Mark }) {
  if (mark === undefined) return <b>{name}</b>;
  const Sign = signs[mark];
  return (
    <span className={classes.mark} data-tone={tones[mark]} data-mark={mark}>
      <b>{name}</b>{' '}
      <span className={classes.markWord}>
        <Sign size={11} stroke={2.6} aria-hidden />
        {texts.marks[mark]}
      </span>
    </span>
  );
}

/** What the stages would change, one after another; nothing of those that only run. */
export function Effects({ stages }: { stages: PlannedStage[] }) {
  const telling = stages.filter(isTelling);
  if (telling.length === 0) return null;
  return (
    <ol className={classes.effects}>
      {telling.map((stage) => (
        <li key={stage.refId}>
          <StageEffects stage={stage} />
        </li>
      ))}
    </ol>
  );
}

function StageEffects({ stage }: { stage: PlannedStage }) {
  const mark = markOf(stage);
  return (
    <>
      <h4>
        {stage.name}
        {mark && <span className={classes.aside}>{texts.marks[mark]}</span>}
        {stage.startsAfterMs !== undefined && stage.startsAfterMs >= 1_000 && (
          <span className={classes.aside}>{texts.after(formatDuration(stage.startsAfterMs))}</span>
        )}
      </h4>
      {stage.condition !== undefined && (
        <p className={classes.note}>
          {texts.onlyIf} <code>{stage.condition}</code>
        </p>
      )}
      {mark === 'not known' && <p className={classes.note}>{texts.notKnown}</p>}
      {operationsOf(stage).map((operation, index) => (
        <Operation key={index} operation={operation} />
      ))}
      {childrenIn(stage).map((child, index) => (
        <div key={index} className={classes.child}>
          <p className={classes.note}>
            {texts.startsPipeline} <b>{child.name}</b>
          </p>
          <StageRow stages={child.stages} />
          <Effects stages={child.stages} />
        </div>
      ))}
    </>
  );
}

const weights: Record<Weight, { Sign: typeof IconPlus; tone: string }> = {
  takes: { Sign: IconMinus, tone: 'bad' },
  makes: { Sign: IconPlus, tone: 'ok' },
  changes: { Sign: IconPencil, tone: 'run' },
};

function Operation({ operation }: { operation: PlannedOperation }) {
  const { Sign, tone } = weights[weightOf(operation)];
  const { account, what, preview, refused } = operation;
  return (
    <div className={classes.operation} data-tone={tone} data-refused={refused !== undefined || undefined}>
      <Sign size={13} stroke={2.6} aria-hidden className={classes.sign} />
      <div>
        <p className={classes.line}>
          <span className={classes.what}>{describe(operation)}</span>{' '}
          <span className={classes.where}>{[account, what.region].filter((part) => typeof part === 'string' && part !== '').join(' / ')}</span>
        </p>
        {refused !== undefined && (
          <p className={classes.refused}>
            <b>{texts.refused}</b> {refused}
          </p>
        )}
        {preview && <Preview against={preview.against} differences={differencesOf(preview.changes)} />}
      </div>
    </div>
  );
}

function Preview({ against, differences }: { against?: string; differences: Difference[] }) {
  if (against !== undefined && differences.length === 0) return <p className={classes.note}>{texts.same(against)}</p>;
  return (
    <>
      <p className={classes.note}>{against === undefined ? texts.firstOne : texts.follows(against)}</p>
      <ul className={classes.differences} aria-label={against === undefined ? texts.values : texts.differences(against)}>
        {differences.map((difference) => (
          <li key={difference.field}>
            <DifferenceLine difference={difference} isFirst={against === undefined} />
          </li>
        ))}
      </ul>
    </>
  );
}

function DifferenceLine({ difference: { field, from, to }, isFirst }: { difference: Difference; isFirst: boolean }) {
  return (
    <>
      <span className={classes.field}>{field}</span>
      <span className={classes.values}>
        {from !== undefined && (
          <>
            <VisuallyHidden>{to === undefined ? texts.gone : texts.was} </VisuallyHidden>
            <del data-gone={to === undefined || undefined}>
              <Value text={from} />
            </del>
          </>
        )}
        {from !== undefined && to !== undefined && <IconArrowRight size={12} aria-hidden className={classes.arrow} />}
        {to !== undefined && (
          <>
            {!isFirst && <VisuallyHidden> {from === undefined ? texts.added : texts.becomes} </VisuallyHidden>}
            <ins>
              <Value text={to} />
            </ins>
          </>
        )}
        {!isFirst && from === undefined && <span className={classes.aside}>{texts.added}</span>}
        {to === undefined && <span className={classes.aside}>{texts.gone}</span>}
      </span>
    </>
  );
}

const longest = 300;

function Value({ text }: { text: string }) {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return (
    <span title={shown === text ? undefined : text}>
      {splitUnknown(shown).map((part, index) =>
        part.unknown ? (
          <i key={index} className={classes.unknown}>
            <VisuallyHidden>{texts.unknownValue} </VisuallyHidden>
            {part.text}
          </i>
        ) : (
          <Fragment key={index}>{part.text}</Fragment>
        ),
      )}
    </span>
  );
}

/** Why it would not end well, each reason once. */
export function Problems({ title, problems, tone }: { title: string; problems: Problem[]; tone: 'bad' | 'warn' }) {
  return (
    <section className={classes.problems} data-tone={tone} aria-label={title}>
      <h4>
        <IconAlertTriangle size={14} aria-hidden />
        {title}
      </h4>
      <ul>
        {problems.map(({ where, message }) => (
          <li key={`${where} ${message}`}>
            {where !== '' && <b>{where}: </b>}
            {message}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Assumptions({ stages }: { stages: PlannedStage[] }) {
  const assumptions = assumptionsOf(stages);
  if (assumptions.length === 0) return null;
  return (
    <details className={classes.assumed}>
      <summary>{texts.assumed(assumptions.length)}</summary>
      <ul>
        {assumptions.map(({ stage, text }, index) => (
          <li key={index}>
            {stage}: {text}
          </li>
        ))}
      </ul>
    </details>
  );
}
