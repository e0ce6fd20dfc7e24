import { IconAlertTriangle, IconBulb, IconX } from '../icons/icons';
import { Loading, Resource } from '../states/states';
import classes from './expressions.module.css';
import { markAt, nameLines, shortened, works, type Explanation, type NameLine } from './explanation';
import { texts } from './texts';
import { useExplanation } from './useExplanation';

export interface Asked {
  execution: string;
  stage: string;
  text: string;
  /** It failed when the stage read it: an explanation that finds nothing wrong says so. */
  hasFailed?: boolean;
}

/** Every expression of a text as a stage would read it now: what it gives or why it fails, and whence its names come. */
export function ExplanationView({ execution, stage, text, hasFailed = false }: Asked) {
  const explained = useExplanation(execution, stage, text);
  return (
    <div className={classes.explained} aria-live="polite" aria-busy={explained.isPending}>
      <Resource
        of={explained}
        loading={<Loading rows={2} height={26} />}
        isEmpty={({ expressions }) => expressions.length === 0}
        empty={<p className="dim">{texts.none}</p>}
      >
        {({ expressions }) => (
          <>
            {hasFailed && expressions.every(works) && <p className="dim">{texts.worksNow}</p>}
            {expressions.map((one, index) => (
              <One key={index} explanation={one} />
            ))}
          </>
        )}
      </Resource>
    </div>
  );
}

function One({ explanation }: { explanation: Explanation }) {
  const { error, suggestion, value, type } = explanation;
  return (
    <div className={classes.one}>
      <Expression explanation={explanation} />
      {error ? (
        <p className={classes.reason}>
          <IconAlertTriangle size={14} aria-hidden />
          <span>
            {error.column !== undefined && <b>{texts.column(error.column)} </b>}
            {error.message}
          </span>
        </p>
      ) : (
        <p className={classes.result}>
          = <code>{shortened(value, 400)}</code> {value !== null && <span className="dim">{type}</span>}
        </p>
      )}
      {!error && value === null && <p className="dim">{texts.isNull}</p>}
      {suggestion && (
        <p className={classes.meant}>
          <IconBulb size={14} aria-hidden />
          <span>
            {texts.meant} <code>{suggestion}</code>?
          </span>
        </p>
      )}
      <Names lines={nameLines(explanation)} />
    </div>
  );
}

function Expression({ explanation: { expression, error } }: { explanation: Explanation }) {
  const marked = markAt(expression, error?.column);
  return (
    <pre className={classes.expression} tabIndex={0}>
      {marked ? (
        <>
          {marked.before}
          <mark>{marked.mark || ' '}</mark>
          {marked.after}
        </>
      ) : (
        expression
      )}
    </pre>
  );
}

function Names({ lines }: { lines: NameLine[] }) {
  if (lines.length === 0) return <p className="dim">{texts.noNames}</p>;
  return (
    <div className={classes.scroll}>
      <table className={classes.names} aria-label={texts.names}>
        <thead>
          <tr>
            <th scope="col">{texts.name}</th>
            <th scope="col">{texts.foundIn}</th>
            <th scope="col">{texts.value}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, foundIn, value, isPart }) => (
            <tr key={name} data-part={isPart || undefined} data-nothing={value === undefined || undefined}>
              <th scope="row" colSpan={isPart ? 2 : 1}>
                {name}
              </th>
              {!isPart && (
                <td>
                  {value === undefined && <IconX size={12} aria-hidden />}
                  {foundIn}
                </td>
              )}
              <td>
                {value === undefined && isPart && <IconX size={12} aria-hidden />}
                {value === undefined ? isPart && texts.notThere : shortened(value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
