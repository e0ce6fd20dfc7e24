import type { ClusterLock } from '../api/types';

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** The locks of one cluster, one a region at most. */
export const locksOf = (locks: ClusterLock[], account: string, cluster: string) =>
  locks.filter((lock) => lock.account === account && same(lock.cluster, cluster));

export const lockIn = (locks: ClusterLock[], region: string) => locks.find((lock) => same(lock.region, region));

/** "stage 'Deploy' of pipeline 'Ship'": the description without the id, which is a link beside it. */
export const holderOf = (lock: ClusterLock) => lock.description.replace(/,? execution [0-9A-Z]{26}$/, '');

/** A text with the id of an execution in it: what stands before it, the id, what stands behind it. */
export function aroundExecution(text: string): [string, string, string] | undefined {
  const match = /\bexecution ([0-9A-Z]{26})\b/.exec(text);
  if (!match) return undefined;
  const at = match.index + 'execution '.length;
  return [text.slice(0, at), match[1]!, text.slice(at + 26)];
}
