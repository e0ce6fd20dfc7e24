export const texts = {
  loading: 'Loading',
  failed: 'This could not be loaded',
  retry: 'Try again',
};
