import { IconAlertTriangle } from '../icons/icons';
import type { Execution, Stage } from '../api/types';
import { plain } from '../expressions/explanation';
import { rawTexts } from '../expressions/raw';
import { Why } from '../expressions/Why';
import boxes from './Boxes.module.css';
import classes from './DoubtBox.module.css';
import { doubtsOf, type Doubt } from './doubts';
import { causeOf } from './stages';
import { texts } from './texts';

/** Conditions that were not met and expressions that failed, each with its explanation on demand. */
export function DoubtBox({ execution, stage }: { execution: Execution; stage: Stage }) {
  const doubts = doubtsOf(execution.stages, stage);
  // What the box of the failure says already is not said twice.
  const said = causeOf(execution.stages, stage)?.errors ?? [];
  const of = (kind: Doubt['kind']) => doubts.filter((doubt) => doubt.kind === kind);
  const list = (some: Doubt[]) => (
    <ul className={classes.list}>
      {some.map((doubt) => (
        <Line key={`${doubt.stage.id} ${doubt.field} ${doubt.text}`} execution={execution} of={stage} doubt={doubt} said={said} />
      ))}
    </ul>
  );
  const [conditions, failed, kept] = [of('condition'), of('failed'), of('kept')];
  return (
    <>
      {conditions.length > 0 && (
        <Box tone="bad" title={texts.condition(conditions.length)}>
          {list(conditions)}
        </Box>
      )}
      {failed.length > 0 && (
        <Box tone="warn" title={texts.failedFields(failed.length)}>
          {list(failed)}
        </Box>
      )}
      {kept.length > 0 && (
        <details className={classes.kept}>
          <summary>{texts.keptFields(kept.length)}</summary>
          <p className="dim">{texts.keptHint}</p>
          {list(kept)}
        </details>
      )}
    </>
  );
}

function Box({ tone, title, children }: { tone: string; title: string; children: React.ReactNode }) {
  return (
    <section className={boxes.box} data-tone={tone} aria-label={title}>
      <h3>
        <IconAlertTriangle size={15} aria-hidden />
        {title}
      </h3>
      {children}
    </section>
  );
}

function Line({ execution, of, doubt, said }: { execution: Execution; of: Stage; doubt: Doubt; said: string[] }) {
  const { stage, text, ask, field, kind, result } = doubt;
  const inPart = stage.id === of.id || kind === 'condition' ? '' : ` ${texts.inPart(stage.name)}`;
  // A condition that could not be evaluated has its own text as its result.
  const hasResult = result !== undefined && ask !== undefined && rawTexts(result).length === 0;
  const what = (
    <div className={classes.what}>
      {kind !== 'condition' && (
        <span className={classes.field}>
          {field ?? texts.fieldGone}
          {inPart}
        </span>
      )}
      <code className={classes.text}>{text}</code>
      {hasResult && (
        <span className={classes.gave}>
          {texts.gave} <code>{plain(result)}</code>
        </span>
      )}
      {doubt.said
        .filter((reason) => !said.includes(reason))
        .map((reason) => (
          <span key={reason} className={classes.said}>
            {reason}
          </span>
        ))}
    </div>
  );
  return (
    <li>
      {ask === undefined ? (
        <>
          {what}
          <p className={classes.said}>{texts.onlyValueLeft}</p>
        </>
      ) : (
        <Why execution={execution.id} stage={stage.id} text={ask} hasFailed={kind === 'failed'}>
          {what}
        </Why>
      )}
    </li>
  );
}
