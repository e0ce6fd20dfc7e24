import { UnstyledButton } from '@mantine/core';
import { useLayoutEffect, useRef, useState } from 'react';
import { path } from '../api/client';
import { IconExternalLink } from '../icons/icons';
import classes from './bakes.module.css';
import { drawn } from './tail';
import { texts } from './texts';
import { useBakeLog } from './useBake';

/** Somebody who has scrolled up by more than this reads, and is left alone, in px. */
const slack = 24;

/** The end of a bake's log. It follows what comes in until somebody scrolls up. */
export function BakeLog({ id, region, name, runs }: { id: string; region?: string; name: string; runs: boolean }) {
  const { tail, state, status } = useBakeLog(id);
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (follows) toEnd();
  }, [follows, tail]);
  if (state === 'refused') return <p className={classes.note}>{status === 401 || status === 403 ? texts.notAllowed : texts.noLog}</p>;
  const lines = drawn(tail);
  return (
    <div className={classes.log}>
      <div className={classes.above}>
        <span>{tail.dropped > 0 ? texts.dropped(tail.dropped) : state === 'interrupted' ? texts.interrupted : texts.log}</span>
        {!follows && <UnstyledButton onClick={() => setFollows(true)}>{texts.toEnd}</UnstyledButton>}
        {region !== undefined && (
          <a href={path('bakery', 'logs', region, id)} target="_blank" rel="noreferrer">
            {texts.whole}
            <IconExternalLink size={12} aria-hidden />
          </a>
        )}
      </div>
      {lines.length === 0 ? (
        <p className={classes.note}>{runs && state !== 'ended' ? texts.waiting : texts.empty}</p>
      ) : (
        // Nobody wants hundreds of lines read out as they come.
        <pre
          ref={box}
          className={classes.lines}
          role="log"
          aria-label={texts.logOf(name)}
          aria-live="off"
          tabIndex={0}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
            setFollows(scrollHeight - clientHeight - scrollTop < slack)
          }
        >
          {lines.join('\n')}
        </pre>
      )}
    </div>
  );
}
