import type { StageOutline } from '../api/types';

/** What a person may do to a running stage. */
export type Decision = 'judgment' | 'skipWait';

/** The only place in the page that knows stage types by name; a new one that asks people is a line here. */
const decisions: Record<string, Decision> = {
  manualJudgment: 'judgment',
  wait: 'skipWait',
  restrictExecutionDuringTimeWindow: 'skipWait',
};

export const decisionOf = (stage: Pick<StageOutline, 'type'>): Decision | undefined => decisions[stage.type];
