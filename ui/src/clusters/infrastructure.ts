import type { Clusters, HealthState, Instance, JsonObject, LoadBalancer, ServerGroup } from '../api/types';

export interface Cluster {
  name: string;
  /** Enabled ones first, then newest first. */
  serverGroups: ServerGroup[];
  /** Those that its server groups are behind. */
  loadBalancers: LoadBalancer[];
}

export interface AccountClusters {
  account: string;
  clusters: Cluster[];
}

export const isDisabled = (group: ServerGroup) => group.isDisabled ?? group.disabled ?? false;

/** What is deployed, by account and cluster, in the order of their names. */
export function grouped(clusters: Clusters, groups: ServerGroup[], balancers: LoadBalancer[]): AccountClusters[] {
  const accounts = new Map<string, Set<string>>();
  const add = (account: string, cluster: string) =>
    accounts.set(account, (accounts.get(account) ?? new Set()).add(cluster));
  for (const [account, names] of Object.entries(clusters)) names.forEach((name) => add(account, name));
  for (const group of groups) add(group.account, group.cluster);

  return [...accounts].sort(([a], [b]) => a.localeCompare(b)).map(([account, names]) => ({
    account,
    clusters: [...names].sort().map((name) => {
      const serverGroups = groups.filter((group) => group.account === account && group.cluster === name).sort(asShown);
      const used = new Set(serverGroups.flatMap((group) => group.loadBalancers ?? []));
      const loadBalancers = balancers.filter((balancer) => balancer.account === account && used.has(balancer.name));
      return { name, serverGroups, loadBalancers };
    }),
  }));
}

const asShown = (a: ServerGroup, b: ServerGroup) =>
  Number(isDisabled(a)) - Number(isDisabled(b)) || (b.createdTime ?? 0) - (a.createdTime ?? 0);

/** "v003", or the whole name where it has no number. */
export function shortName(group: ServerGroup): string {
  const { name, cluster } = group;
  return name.startsWith(`${cluster}-`) ? name.slice(cluster.length + 1) : name;
}

/** What runs in it: the first place that tells. */
export function versionOf(group: ServerGroup): string | undefined {
  const { buildInfo, providerMetadata, launchConfig, imageSummary } = group;
  const nested = imageSummary?.buildInfo as JsonObject | undefined;
  return text(buildInfo?.version ?? providerMetadata?.version ?? nested?.version ?? launchConfig?.version);
}

export function imageOf(group: ServerGroup): string | undefined {
  const { image, imageSummary, launchConfig, providerMetadata, buildInfo } = group;
  const launch = launchConfig?.image ?? launchConfig?.imageName ?? launchConfig?.imageId;
  return text(
    image?.imageName ?? image?.name ?? image?.imageId ?? imageSummary?.imageName ?? providerMetadata?.imageName ??
      launch ?? providerMetadata?.image ?? buildInfo?.image,
  );
}

/** Where clients reach a load balancer, if it says so in one of the usual places. */
export function portOf(balancer: LoadBalancer): string | undefined {
  const extra = balancer.extra as JsonObject | undefined;
  const listeners = balancer.listeners as JsonObject[] | undefined;
  return text(balancer.port ?? extra?.port ?? listeners?.[0]?.port ?? listeners?.[0]?.externalPort);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

export const upCount = (instances: Instance[]) => instances.filter(({ healthState }) => healthState === 'Up').length;

interface Look {
  tone: 'ok' | 'bad' | 'run' | 'wait' | 'off' | 'idle';
  letter: string;
}

const looks: Record<HealthState, Look> = {
  Up: { tone: 'ok', letter: 'U' },
  Down: { tone: 'bad', letter: 'D' },
  Failed: { tone: 'bad', letter: 'F' },
  Starting: { tone: 'run', letter: 'S' },
  Draining: { tone: 'wait', letter: '↓' },
  OutOfService: { tone: 'off', letter: 'O' },
  Succeeded: { tone: 'off', letter: '✓' },
  Unknown: { tone: 'idle', letter: '?' },
};

/** A letter beside each colour, for those who do not see it. */
export const lookOf = (state: HealthState): Look => looks[state] ?? looks.Unknown;

const shownElsewhere = new Set([
  'id', 'name', 'humanReadableName', 'healthState', 'health', 'launchTime', 'account', 'region', 'moniker', 'labels',
  'availabilityZone', 'cloudProvider', 'providerType', 'provider', 'type', 'application', 'cluster', 'serverGroup',
  'loadBalancers', 'state',
]);

/** The provider's own facts about an instance: port, process id, restarts and whatever else it tells. */
export function factsOf(instance: Instance): [string, string][] {
  const own = { ...instance, ...(instance.extra as object | undefined), ...(instance.providerMetadata as object | undefined) };
  return Object.entries(own)
    .filter(([name, value]) => !shownElsewhere.has(name) && ['string', 'number', 'boolean'].includes(typeof value))
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, String(value)]);
}
