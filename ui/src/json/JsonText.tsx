import { CopyButton, UnstyledButton } from '@mantine/core';
import { IconCheck, IconCopy } from '../icons/icons';
import classes from './json.module.css';
import { texts } from './texts';
import { tokensOf } from './tokens';

/** JSON as people read it, to be copied as a whole. */
export function JsonText({ value }: { value: unknown }) {
  const text = JSON.stringify(value, undefined, 2) ?? '';
  return (
    <div className={classes.box}>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <UnstyledButton onClick={copy} className={classes.copy} aria-label={texts.copy}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </UnstyledButton>
        )}
      </CopyButton>
      <pre className={classes.text} tabIndex={0}>
        {tokensOf(text).map((token, index) =>
          token.kind === 'plain' ? (
            token.text
          ) : (
            <span key={index} className={classes[token.kind]}>
              {token.text}
            </span>
          ),
        )}
      </pre>
    </div>
  );
}
