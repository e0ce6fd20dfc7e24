import type { Execution } from '../api/types';
import classes from './Parameters.module.css';
import { parametersOf } from './trigger';

/** What the execution was started with, a chip each. */
export function Parameters({ execution }: { execution: Execution }) {
  const parameters = parametersOf(execution);
  if (parameters.length === 0) return null;
  return (
    <div className={classes.list}>
      {parameters.map(([name, value]) => (
        <span key={name} className={classes.chip} title={`${name} = ${value}`}>
          <span>{name}</span>
          {value}
        </span>
      ))}
    </div>
  );
}
