import type { Lane, Sample } from './record';

/** From moments and counts to the places of a lane 1000 wide and 100 high. */
export interface Frame {
  start: number;
  length: number;
  /** The largest count of all lanes, so that they can be compared. */
  most: number;
}

export const frameOf = (lanes: Lane[], start: number, end: number): Frame => ({
  start,
  length: Math.max(1_000, end - start),
  most: Math.max(1, ...lanes.flatMap(({ samples }) => samples.map(({ instances }) => instances))),
});

export const width = 1_000;
export const height = 100;

const round = (value: number) => Math.round(10 * value) / 10;

/** A stair through the samples up to `end`, closed along the ground, as an SVG path. Empty without any. */
export function stair(samples: Sample[], of: (sample: Sample) => number, frame: Frame, end: number): string {
  const [first] = samples;
  if (!first) return '';
  const x = (time: number) => round((width * (time - frame.start)) / frame.length);
  const y = (count: number) => round(height - (height * count) / frame.most);
  let path = `M${x(first.time)} ${height}V${y(of(first))}`;
  for (const sample of samples.slice(1)) path += `H${x(sample.time)}V${y(of(sample))}`;
  return `${path}H${x(end)}V${height}Z`;
}

/** What holds at a moment. */
export const at = (samples: Sample[], time: number): Sample | undefined => samples.findLast((sample) => sample.time <= time);
