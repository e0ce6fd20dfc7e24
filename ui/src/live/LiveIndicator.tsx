import { Tooltip } from '@mantine/core';
import { useLive } from './LiveProvider';
import classes from './live.module.css';
import { texts } from './texts';

export function LiveIndicator() {
  const state = useLive();
  return (
    <Tooltip label={texts.why[state]}>
      <span className={classes.indicator} data-state={state} role="status">
        <span className={classes.dot} aria-hidden />
        {texts.state[state]}
      </span>
    </Tooltip>
  );
}
