const instances = (count: number) => (count === 1 ? '1 instance' : `${count} instances`);
const from = (balancers: string[]) => (balancers.length > 0 ? ` from ${balancers.join(', ')}` : '');

export const texts = {
  menu: (name: string) => `Actions on ${name}`,
  resize: 'Resize',
  enable: 'Enable',
  disable: 'Disable',
  destroy: 'Destroy',
  rollBack: 'Roll back',
  items: {
    resize: 'Resize…',
    enable: 'Enable…',
    disable: 'Disable…',
    destroy: 'Destroy…',
    rollBack: 'Roll back…',
    rollBackTo: 'Roll back to this…',
  },
  resizeTitle: (name: string, size: number) => `Resize ${name} to ${instances(size)}`,
  enableTitle: (name: string) => `Enable ${name}`,
  disableTitle: (name: string) => `Disable ${name}`,
  destroyTitle: (name: string) => `Destroy ${name}`,
  rollBackTitle: (cluster: string, to: string) => `Roll back ${cluster} to ${to}`,

  effect: 'What will change',
  sizeChange: (name: string, now: number, then: number) =>
    now === then ? `${name} stays at ${instances(now)}` : `${name}: ${now} → ${instances(then)}`,
  limits: (min: number, max: number) => `It may then have ${min} to ${max} instances`,
  servesNoMore: (name: string) => `${name} answers no more requests`,
  getsTraffic: (name: string, count: number, balancers: string[]) => `${name} (${instances(count)}) gets traffic${from(balancers)}`,
  sharesWith: (names: string) => `It shares the traffic with ${names}`,
  servesAlone: 'Nothing else of the cluster has traffic',
  trafficGoes: (away: string, to: string) => `Traffic goes from ${away} to ${to}`,
  nobodyLeft: (cluster: string) => `Nothing else of ${cluster} serves: requests go unanswered from then on`,
  instancesGoOn: (count: number) => `Its ${instances(count)} go on without traffic, so that it can be enabled again`,
  destroys: (name: string, count: number) => `${name} and its ${instances(count)} are gone for good`,
  noTrafficLost: 'It has no traffic to lose',
  enabledFirst: (name: string) => `${name} is enabled and healthy first`,
  disabledAfter: (name: string) => `${name} is disabled afterwards and stays, so that there is a way back`,
  rollBackGuard: (away: string, to: string) => `${away} loses its traffic only when ${to} is up`,
  meanwhile: (up: number, left: number, group: string) =>
    left === up ? `${instances(up)} of ${group} go on serving` : `Meanwhile ${left} instead of ${instances(up)} of ${group} serve`,

  size: 'Instances',
  moveFrom: 'From',
  moveTo: 'Back to',
  reason: 'Reason',
  reasonHint: 'For those who read this later (optional)',

  asking: 'Asking the traffic guards…',
  unguarded: 'No traffic guard covers this cluster.',
  guarded: (count: number) => (count === 1 ? 'A traffic guard covers this cluster, and lets this pass.' : `${count} traffic guards cover this cluster, and let this pass.`),
  denied: 'A traffic guard refuses this',
  rule: 'Rule',
  rules: (count: number) => (count === 1 ? 'The rule' : 'The rules'),
  any: { account: 'any account', location: 'any region', stack: 'any stack', detail: 'any detail' },
  named: {
    account: (value: string) => `account ${value}`,
    location: (value: string) => `region ${value}`,
    stack: (value: string) => (value === '' ? 'no stack' : `stack ${value}`),
    detail: (value: string) => (value === '' ? 'no detail' : `detail ${value}`),
  },
  setBy: (who: string) => `set by ${who}`,
  askFailed: 'Whether a traffic guard objects is not known',
  locked: 'The cluster is locked. This waits until its holder has ended:',

  cancel: 'Leave it',
  close: 'Close',
  toTask: 'Open the task',
  goesOn: 'It goes on when this is closed.',

  noInstanceActions: 'This account’s cloud offers no action on a single instance.',
  instance: {
    terminate: {
      item: 'Terminate…',
      verb: 'Terminate',
      title: (name: string) => `Terminate ${name}`,
      change: (name: string, _balancers: string[]) => `${name} ends, and another one starts in its place`,
    },
    reboot: {
      item: 'Reboot…',
      verb: 'Reboot',
      title: (name: string) => `Reboot ${name}`,
      change: (name: string, _balancers: string[]) => `${name} ends and starts anew; it is the same instance`,
    },
    register: {
      item: 'Register…',
      verb: 'Register',
      title: (name: string) => `Register ${name}`,
      change: (name: string, balancers: string[]) => `${name} gets traffic again${from(balancers)}`,
    },
    deregister: {
      item: 'Deregister…',
      verb: 'Deregister',
      title: (name: string) => `Deregister ${name}`,
      change: (name: string, balancers: string[]) => `${name} gets no more traffic${from(balancers)}, and goes on running`,
    },
  },
};
