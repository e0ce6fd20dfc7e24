export const texts = { copy: 'Copy as JSON' };
