
/** The stages in the order in which they can run; those of one phase run side by side. */
export function phasesOf<Stage extends { refId: string | number; requisiteStageRefIds?: (string | number)[] }>(stages: Stage[]): Stage[][] {
  const phases: Stage[][] = [];
  const done = new Set<string>();
  const known = new Set(stages.map((stage) => String(stage.refId)));
  const ready = (stage: Stage) =>
    (stage.requisiteStageRefIds ?? []).map(String).every((ref) => done.has(ref) || !known.has(ref));
  let left = stages;
  while (left.length > 0) {
    const phase = left.filter(ready);
    // Only a cycle leaves none that is ready; the server refuses it at the start.
    if (phase.length === 0) return [...phases, left];
    phases.push(phase);
    phase.forEach((stage) => done.add(String(stage.refId)));
    left = left.filter((stage) => !phase.includes(stage));
  }
  return phases;
}
