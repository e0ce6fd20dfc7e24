import { UnstyledButton } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';
import { IconChevronRight } from '../icons/icons';
import { ExplanationView } from './ExplanationView';
import classes from './expressions.module.css';
import { texts } from './texts';

interface Props {
  execution: string;
  stage: string;
  text: string;
  /** What stands beside the button. */
  children?: ReactNode;
}

/** A button that opens why a text gives what it gives; nobody is asked before. */
export function Why({ execution, stage, text, children }: Props) {
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
          aria-label={texts.whyOf(text)}
        >
          <IconChevronRight size={13} aria-hidden />
          {texts.why}
        </UnstyledButton>
      </div>
      <div id={id}>{open && <ExplanationView execution={execution} stage={stage} text={text} />}</div>
    </div>
  );
}
