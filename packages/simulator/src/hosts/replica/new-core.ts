import type { Member } from '@understudy/core';
import { type GroupConfig, Replica } from '@understudy/core/internal';
import { hashText, VIRTUAL_PORTS } from '@understudy/core/testing';
import type { Plan } from '../../plan/plan.js';
import { everyOf } from '../../services/timed.js';

/** For how long a wall clock runs evenly, and how far it may then be from the replica's other clock. */
const WALL_STEADY_MS = 300;
const WALL_JUMP_MS = 5000;

/** The run around a core. */
export interface CoreWorld {
  readonly plan: Plan;
  readonly nowMs: number;
}

interface CoreHost {
  readonly name: string;
  readonly member: Member;
  readonly clockMs: number;
  readonly index: number;
}

/**
 * The reading of a replica's wall clock. Wall clocks differ from each other, and each jumps every few hundred
 * milliseconds.
 */
function wallMsOf({ name, clockMs }: CoreHost): number {
  const stretch = Math.floor(clockMs / WALL_STEADY_MS);
  return Math.floor(clockMs) + (hashText(`${name} ${stretch}`) % WALL_JUMP_MS);
}

/** In some runs wall clocks are nearly right: this many milliseconds lie between those of two neighbours. */
export const STEADY_WITHIN_MS = 5;
const steadyMsOf = (nowMs: number, { index }: CoreHost): number => Math.floor(nowMs) + index * STEADY_WITHIN_MS;

/** Makes the core of a replica's life with the settings and the code that its process was started with. */
export function newCore(
  world: CoreWorld,
  host: CoreHost,
  { config, version }: { readonly config: GroupConfig; readonly version: string },
): Replica {
  const { admits, copies, digests, threads, timers } = world.plan;
  return new Replica({
    member: host.member,
    address: host.name,
    config,
    version,
    admits,
    ...VIRTUAL_PORTS,
    wallClock: timers?.agenda?.steady ? () => steadyMsOf(world.nowMs, host) : () => wallMsOf(host),
    pieceBytes: copies.pieceBytes,
    ...(timers?.agenda && { every: everyOf(timers.agenda.periodsMs), mayArm: timers.agenda.mayArm }),
    delegates: threads !== undefined,
    onOtherState: digests?.stays ? 'tell' : 'restore',
  });
}
