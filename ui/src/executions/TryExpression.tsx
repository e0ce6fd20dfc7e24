import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Execution, Stage } from '../api/types';
import { ExplanationView } from '../expressions/ExplanationView';
import { withBraces } from '../expressions/raw';
import classes from './TryExpression.module.css';
import { texts } from './texts';

/** Any expression, as the chosen stage would read it now. Changes nothing. */
export function TryExpression({ execution, stage }: { execution: Execution; stage: Stage }) {
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(text.trim());
      }}
    >
      <div className={classes.row}>
        <TextInput
          className={classes.input}
          classNames={{ input: classes.text }}
          size="xs"
          aria-label={texts.expression}
          placeholder={texts.expressionExample}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          spellCheck={false}
          autoComplete="off"
        />
        <Button type="submit" size="xs" variant="default" disabled={text.trim() === ''}>
          {texts.evaluate}
        </Button>
      </div>
      <p className={classes.hint}>{texts.tryAs(stage.name)}</p>
      {asked !== '' && <ExplanationView execution={execution.id} stage={stage.id} text={withBraces(asked)} />}
    </form>
  );
}
