import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Execution, Stage } from '../api/types';
import { ApiError } from '../api/client';
import { IconBan, IconCheck, IconLoader2, IconPackage, IconX } from '../icons/icons';
import { JsonText } from '../json/JsonText';
import type { Tone } from '../status/status';
import { BakeLog } from './BakeLog';
import { bakesIn, toneOfBake, type Bake, type BakeRecord } from './bake';
import classes from './bakes.module.css';
import { texts } from './texts';
import { useBake } from './useBake';

/** What a stage bakes, one box an image, each with its log. */
export function BakeBoxes({ execution, stage }: { execution: Execution; stage: Stage }) {
  const bakes = bakesIn(execution.stages, stage);
  return bakes.map((bake) => <BakeBox key={`${bake.stage.id} ${bake.id}`} bake={bake} execution={execution.id} alone={bakes.length === 1} />);
}

const signs: Partial<Record<Tone, typeof IconX>> = { run: IconLoader2, bad: IconX, off: IconBan };

function BakeBox({ bake, execution, alone }: { bake: BakeRecord; execution: string; alone: boolean }) {
  const known = useBake(bake.id, bake.state);
  const tone = toneOfBake(bake);
  const Sign = signs[tone] ?? IconCheck;
  const title = texts.title(bake.region);
  return (
    <section className={classes.box} aria-label={title}>
      <header className={classes.head}>
        <h3>
          <IconPackage size={15} aria-hidden />
          {title}
        </h3>
        <span className={classes.state} data-tone={tone} role="status">
          <Sign size={12} stroke={2.6} aria-hidden className={tone === 'run' ? classes.turning : undefined} />
          {texts.state(bake)}
        </span>
      </header>
      <Facts bake={bake} known={known.data} execution={execution} />
      {known.error && (
        <p className={classes.note}>{known.error instanceof ApiError && known.error.status === 404 ? texts.noBake : known.error.message}</p>
      )}
      {bake.id !== undefined && (
        // Of many only those are followed that somebody reads.
        <Unfold open={alone} label={texts.open}>
          <BakeLog id={bake.id} region={bake.region ?? known.data?.region} name={title} runs={bake.state === 'RUNNING'} />
        </Unfold>
      )}
    </section>
  );
}

function Facts({ bake, known, execution }: { bake: BakeRecord; known?: Bake; execution: string }) {
  const name = bake.imageName ?? known?.imageName;
  const id = bake.imageId ?? known?.imageId;
  const inputs = known?.inputs;
  const isOthers = known?.executionId !== undefined && known.executionId !== '' && known.executionId !== execution;
  return (
    <>
      <dl className={classes.facts}>
        {name !== undefined && <Fact name={texts.image}>{name}</Fact>}
        {id !== undefined && <Fact name={texts.id}>{id}</Fact>}
        {known?.key !== undefined && known.key !== '' && <Fact name={texts.key}>{known.key}</Fact>}
      </dl>
      {bake.isOld && (
        <p className={classes.note}>
          {texts.foundAgain} {isOthers && texts.otherExecution}
        </p>
      )}
      {inputs !== undefined && Object.keys(inputs).length > 0 && (
        <details className={classes.inputs}>
          <summary>{texts.inputs}</summary>
          <JsonText value={inputs} />
        </details>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Unfold({ open, label, children }: { open: boolean; label: string; children: ReactNode }) {
  const [isOpen, setOpen] = useState(open);
  if (isOpen) return children;
  return (
    <Button size="compact-xs" variant="default" className={classes.unfold} onClick={() => setOpen(true)}>
      {label}
    </Button>
  );
}
