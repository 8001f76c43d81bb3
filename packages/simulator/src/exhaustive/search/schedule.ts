/** One decision: a point at which a run leaves its default course. */
export type Decision =
  /** The run makes another possible move at this step of the window. */
  | { readonly kind: 'move'; readonly step: number; readonly move: number }
  /** This process crashes after so many of its effects in the window. 0 means before the first one. */
  | { readonly kind: 'crash'; readonly host: string; readonly effects: number }
  /** A draw has another result, such as how many frames on their way survive a crash. */
  | { readonly kind: 'draw'; readonly draw: number; readonly value: number };

/** A set of decisions in any order. The same decisions give the same run. */
export type Schedule = readonly Decision[];

const PARTS = [
  [
    /^(\d+)\.(\d+)$/,
    ([, step, move]: string[]): Decision => ({ kind: 'move', step: Number(step), move: Number(move) }),
  ],
  [
    /^([SC]\d+)@(\d+)$/,
    ([, host = '', effects]: string[]): Decision => ({ kind: 'crash', host, effects: Number(effects) }),
  ],
  [
    /^~(\d+)=(\d+)$/,
    ([, draw, value]: string[]): Decision => ({ kind: 'draw', draw: Number(draw), value: Number(value) }),
  ],
] as const;

/**
 * Writes `12.2/S1@7/~0=1` for: the second other move at step 12; S1 crashes after 7 effects; the first draw gives 1.
 */
export const formatSchedule = (schedule: Schedule): string => schedule.map(formatDecision).join('/');

function formatDecision(decision: Decision): string {
  switch (decision.kind) {
    case 'move':
      return `${decision.step}.${decision.move}`;
    case 'crash':
      return `${decision.host}@${decision.effects}`;
    case 'draw':
      return `~${decision.draw}=${decision.value}`;
  }
}

/** @throws {RangeError} if the text is not a schedule */
export function parseSchedule(text: string): Schedule {
  return text === '' ? [] : text.split('/').map(parseDecision);
}

function parseDecision(text: string): Decision {
  for (const [pattern, read] of PARTS) {
    const match = pattern.exec(text);
    if (match !== null) return read([...match]);
  }
  throw new RangeError(`not a part of a schedule: ${text}`);
}
