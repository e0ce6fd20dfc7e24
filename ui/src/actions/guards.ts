import type { Guard } from '../api/types';
import { texts } from './texts';

const fields = ['account', 'location', 'stack', 'detail'] as const;

/** "account prod, any region, stack main, no detail" */
export const describeRule = (guard: Guard): string =>
  fields.map((field) => (guard[field] === '*' ? texts.any[field] : texts.named[field](guard[field] ?? ''))).join(', ');
