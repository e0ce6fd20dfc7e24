export const texts = {
  product: 'Gennaker',
  applications: 'Applications',
  toDark: 'Use the dark scheme',
  toLight: 'Use the light scheme',
  breadcrumbs: 'Where you are',
  notFound: 'There is no such page',
  notFoundNext: 'Go to the list of applications.',
  broken: 'The page ran into a fault of its own',
  skip: 'Skip to content',
};
