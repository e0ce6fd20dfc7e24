import type { Mark } from './plan';

const groups = (count: number) => (count === 1 ? '1 server group' : `${count} server groups`);
/** Names as long as they are few. */
const named = (names: string[]) => (names.length <= 3 ? names.join(', ') : groups(names.length));

export const texts = {
  title: 'What it would do now',
  asking: 'Looking at what it would do…',
  askingAgain: 'Looking again…',
  unknown: 'What it would do could not be found out',
  startsAnyway: 'It can be started all the same.',
  retry: 'Try again',
  waitsForValues: (labels: string) => `Not known before it has a value: ${labels}`,

  changesNothing: 'Changes nothing in a cloud.',
  nothingKnown: 'What it changes in a cloud is not known before it runs.',
  makes: (count: number) => `makes ${count === 1 ? 'a new server group' : `${count} new server groups`}`,
  destroys: (names: string[]) => `destroys ${named(names)}`,
  disables: (names: string[]) => `disables ${named(names)}`,
  enables: (names: string[]) => `enables ${named(names)}`,
  resizes: (names: string[]) => `resizes ${named(names)}`,
  others: (count: number, more: boolean) => `${count} ${more ? 'more ' : ''}${count === 1 ? 'change' : 'changes'}`,

  wouldFail: 'It would fail',
  cannotStart: 'It could not start',
  doubtful: (count: number) => (count === 1 ? 'Something is wrong with it' : `${count} things are wrong with it`),
  stage: (ref: string) => `stage ${ref}`,

  marks: {
    'may run': 'may run',
    skipped: 'skipped',
    fails: 'fails',
    'not reached': 'not reached',
    'never ends': 'never ends',
    'not known': 'not known yet',
  } satisfies Record<Mark, string>,
  stages: 'Its stages',
  and: 'and',
  after: (time: string) => `after ${time}`,
  onlyIf: 'Only if',
  notKnown: 'What it does hangs on what is not known yet.',
  startsPipeline: 'Starts the pipeline',
  assumed: (count: number) => (count === 1 ? '1 thing is taken for granted' : `${count} things are taken for granted`),
  refused: 'Refused:',

  newServerGroup: (cluster: string) => `New server group of ${cluster}`,
  follows: (name: string) => `Compared with ${name}`,
  same: (name: string) => `the same as ${name}`,
  firstOne: 'Nothing to compare it with.',
  resize: (name: string, size: number) => `Resize ${name} to ${size === 1 ? '1 instance' : `${size} instances`}`,
  enable: (name: string) => `Enable ${name}`,
  enablePart: (name: string, share: number) => `Give ${name} ${share}% of its traffic`,
  disable: (name: string) => `Disable ${name}`,
  disablePart: (name: string, share: number) => `Take ${share}% of its traffic from ${name}`,
  destroy: (name: string) => `Destroy ${name}`,
  changeLaunch: (name: string) => `Change what ${name} starts`,
  bake: (name: string) => `Bake ${name}`,
  loadBalancer: (name: string) => `Set up load balancer ${name}`,

  capacity: 'instances',
  fields: {
    'capacity.min': 'fewest instances',
    'capacity.desired': 'instances',
    'capacity.max': 'most instances',
    loadBalancers: 'load balancers',
  } as Record<string, string>,
  differences: (against: string) => `What is different from ${against}`,
  values: 'What it has',
  was: 'was',
  becomes: 'becomes',
  added: 'added',
  gone: 'removed',
  none: 'none',
  emptyText: '“”',
  unknownValue: 'known later:',
};
