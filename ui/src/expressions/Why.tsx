import { UnstyledButton } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';
import { IconChevronRight } from '../icons/icons';
import { ExplanationView, type Asked } from './ExplanationView';
import classes from './expressions.module.css';
import { texts } from './texts';

/** A button, beside its children, that opens why a text gives what it gives; the server is not asked before. */
export function Why({ children, ...asked }: Asked & { children?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div className={classes.why}>
      <div className={classes.asked}>
        {children}
        <UnstyledButton
          className={classes.button}
          onClick={() => setOpen(!open)}
          aria-expanded={open}
          aria-controls={id}
          aria-label={texts.whyOf(asked.text)}
        >
          <IconChevronRight size={13} aria-hidden />
          {texts.why}
        </UnstyledButton>
      </div>
      <div id={id}>{open && <ExplanationView {...asked} />}</div>
    </div>
  );
}
