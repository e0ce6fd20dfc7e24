import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconCircle,
  IconHandStop,
  IconLoader2,
  IconPlayerPause,
  IconX,
} from '../icons/icons';
import type { Status } from '../api/types';
import classes from './status.module.css';
import { toneOf, type Tone } from './status';
import { texts } from './texts';

const signs: Record<Tone, typeof IconCheck> = {
  ok: IconCheck,
  run: IconLoader2,
  bad: IconX,
  warn: IconAlertTriangle,
  wait: IconPlayerPause,
  off: IconBan,
  idle: IconCircle,
};

interface Props {
  status: Status;
  /** A person has to decide before it goes on. */
  needsYou?: boolean;
  size?: number;
}

/** A sign of its own for each meaning: the colour only repeats what the shape says. */
export function StatusIcon({ status, needsYou = false, size = 14 }: Props) {
  const tone = needsYou ? 'wait' : toneOf(status);
  const Sign = needsYou ? IconHandStop : signs[tone];
  return (
    <span className={classes.icon} data-tone={tone} aria-hidden>
      <Sign size={size} stroke={tone === 'idle' ? 2 : 2.6} className={tone === 'run' ? classes.turning : undefined} />
    </span>
  );
}

/** Sign and word. */
export function StatusBadge({ status, needsYou = false, large = false }: Props & { large?: boolean }) {
  const tone = needsYou ? 'wait' : toneOf(status);
  return (
    <span className={classes.badge} data-tone={tone} data-large={large || undefined}>
      <StatusIcon status={status} needsYou={needsYou} size={large ? 15 : 12} />
      {needsYou ? texts.needsYou : (texts.status[status] ?? status)}
    </span>
  );
}
