export const texts = {
  title: 'Applications',
  find: 'Find an application',
  name: 'Application',
  owner: 'Owner',
  pipelines: 'Pipelines, last execution',
  latest: 'Latest',
  noPipelines: 'No executions yet',
  empty: 'No applications yet',
  emptyNext:
    'An application groups what belongs to one service: its pipelines, its server groups and its load balancers. Create the first one:',
  emptyCommand: 'gennaker application save --name demo --email you@example.com',
  noMatch: (text: string) => `No application matches “${text}”`,
  tabPipelines: 'Pipelines',
  tabClusters: 'Clusters',
  views: 'Views of the application',
  notKnown: 'A new application appears here as soon as it is saved.',
};
