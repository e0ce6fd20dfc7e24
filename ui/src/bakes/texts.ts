import type { BakeRecord } from './bake';

export const texts = {
  title: (region?: string) => (region ? `Bake in ${region}` : 'Bake'),
  state: ({ state, result, isOld }: Pick<BakeRecord, 'state' | 'result' | 'isOld'>) => {
    if (state === 'RUNNING') return 'Baking';
    if (state === 'CANCELLED') return 'Cancelled';
    if (result === 'FAILURE') return 'Failed';
    return isOld ? 'Found again' : 'Baked';
  },
  image: 'Image',
  id: 'Id',
  key: 'Key',
  inputs: 'What it was made from',
  foundAgain: 'The same content had been baked before: nothing was made anew.',
  otherExecution: 'It was baked by an earlier execution.',
  noBake: 'This server knows no more of this bake: another one made it, or it has been forgotten.',
  noLog: 'The log is not here: another server made this bake, or its log has been removed.',
  notAllowed: 'You may not read this log.',
  log: 'Log',
  logOf: (name: string) => `Log of ${name}`,
  waiting: 'Nothing has been written yet.',
  empty: 'Nothing was written.',
  interrupted: 'The log broke off. Trying to go on…',
  dropped: (count: number) => `${count} earlier ${count === 1 ? 'line' : 'lines'} not shown.`,
  whole: 'The whole log',
  toEnd: 'To the end',
  open: 'Show the log',
};
