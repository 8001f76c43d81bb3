/** Where a run leaves its default course. */
export type Decision =
  /** At this step of the window, another of the moves that are possible there. */
  | { readonly kind: 'move'; readonly step: number; readonly move: number }
  /** This process crashes after so many of its effects in the window; 0: before it does anything. */
  | { readonly kind: 'crash'; readonly host: string; readonly effects: number }
  /** Another answer to a draw: how much of what was on its way survives a crash. */
  | { readonly kind: 'draw'; readonly draw: number; readonly value: number };

/** Decisions in any order; the same ones give the same run. */
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

/** `12.2/S1@7/~0=1`: at step 12 the second other move; S1 crashes after 7 effects; the first draw comes to 1. */
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

/** @throws {RangeError} not a schedule */
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
