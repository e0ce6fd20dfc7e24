import { IconAlertTriangle } from '../icons/icons';
import type { ExceptionDetails, Stage } from '../api/types';
import classes from './Boxes.module.css';
import { causeOf } from './stages';
import { texts } from './texts';

/** Why a stage failed, in the words of the part of it that did. */
export function FailureBox({ stages, stage }: { stages: Stage[]; stage: Stage }) {
  const cause = causeOf(stages, stage);
  if (!cause) return null;
  const { stackTrace, url } = (cause.stage.context.exception as ExceptionDetails | undefined)?.details ?? {};
  return (
    <section className={classes.box} data-tone="bad" role="alert">
      <h3>
        <IconAlertTriangle size={15} aria-hidden />
        {cause.stage.id === stage.id ? texts.failure : texts.failureIn(cause.stage.name)}
      </h3>
      {cause.errors.map((error, index) => (
        <p key={index} className={classes.error}>
          {error}
        </p>
      ))}
      {cause.errors.length === 0 && <p>{texts.noCause}</p>}
      {url && <p className={classes.error}>{url}</p>}
      {stackTrace && (
        <details>
          <summary>{texts.stack}</summary>
          <pre>{stackTrace}</pre>
        </details>
      )}
    </section>
  );
}
