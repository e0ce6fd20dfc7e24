export const texts = {
  title: 'Instances and traffic',
  in: (region: string) => `in ${region}`,
  isNew: 'new',
  isOld: 'old',
  now: (serving: number, instances: number, isLeast: boolean) => `${isLeast ? 'at least ' : ''}${serving} of ${instances} serve`,
  nothing: 'not there',
  lane: (name: string, state: string) => `${name}: ${state}`,
  instances: 'instances',
  serving: 'with traffic',
  empty: 'The new server group is not there yet.',
};
