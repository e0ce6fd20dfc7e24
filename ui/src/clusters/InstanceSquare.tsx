import { Tooltip } from '@mantine/core';
import type { Instance } from '../api/types';
import { lookOf } from './infrastructure';
import classes from './InstanceSquare.module.css';
import { texts } from './texts';

/** One instance: its health as a colour and a letter. Without `onClick` a mere sample. */
export function InstanceSquare({ instance, onClick }: { instance: Instance; onClick?: () => void }) {
  const { tone, letter } = lookOf(instance.healthState);
  if (!onClick) {
    return (
      <span className={classes.square} data-tone={tone} aria-hidden>
        {letter}
      </span>
    );
  }
  const health = texts.health[instance.healthState] ?? instance.healthState;
  return (
    <Tooltip label={`${instance.name}: ${health}`}>
      <button
        type="button"
        className={classes.square}
        data-tone={tone}
        data-health={instance.healthState}
        aria-label={`${texts.instanceTitle} ${instance.name}: ${health}`}
        onClick={onClick}
      >
        {letter}
      </button>
    </Tooltip>
  );
}
