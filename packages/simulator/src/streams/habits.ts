/** Draws how an application uses a stream. */
import { STREAM_WINDOW } from '@understudy/core/internal';
import type { Choices } from '../draw/choices.js';
import type { StreamPlan } from '../plan/plan.js';
import type { Opening } from '../services/streamed.js';

/** The habits of an application with a stream, whatever its handler does. */
export interface Habits {
  readonly method: string;
  readonly messages: number;
  /**
   * Whether its messages ask nothing of the machine, because many operations of unknown outcome would take too long to
   * judge.
   */
  readonly quiet: boolean;
  /** How many messages it sends at once, while there is room. */
  readonly burst: number;
  readonly pauseMs: number;
  /** How long it may take until it takes an item that it was given. */
  readonly takeMs: number;
  /** The probability of giving up instead of going on. */
  readonly fickle: number;
}

/** More messages than a window. */
const MANY = STREAM_WINDOW + 6;

export function drawHabits(choices: Choices, { long }: StreamPlan): Habits {
  const many = choices.chance(long);
  return {
    method: choices.chance(0.3) ? '/log.Log/Sure' : '/log.Log/Append',
    messages: many ? choices.pick([MANY, 2 * MANY]) + choices.below(32) : choices.below(6),
    quiet: many,
    burst: many ? choices.pick([8, 64, STREAM_WINDOW]) : 1 + choices.below(2),
    pauseMs: choices.pick([1, 30, 100]),
    takeMs: choices.pick([1, 1, 100, 600]),
    fickle: choices.chance(0.2) ? 0.1 : 0,
  };
}

export function drawOpening(choices: Choices, plan: StreamPlan, habits: Habits, input: unknown): Opening {
  const { messages, quiet } = habits;
  return {
    kind: choices.pick(['bidi', 'bidi', 'server', 'client']),
    late: choices.chance(plan.late),
    items: quiet ? MANY + choices.below(140) : 1 + choices.below(5),
    endsAfter: choices.chance(0.1) && messages > 0 ? 1 + choices.below(messages) : 0,
    input,
  };
}
