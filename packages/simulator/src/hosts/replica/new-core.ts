import type { Member } from '@understudy/core';
import { type GroupConfig, Replica } from '@understudy/core/internal';
import { hashText, VIRTUAL_PORTS } from '@understudy/core/testing';
import type { Plan } from '../../plan/plan.js';
import { everyOf } from '../../services/timed.js';

/** A wall clock runs evenly for so long, and is within this of the replica's other clock. */
const WALL_STEADY_MS = 300;
const WALL_JUMP_MS = 5000;

interface CoreHost {
  readonly name: string;
  readonly member: Member;
  readonly clockMs: number;
}

/** Clocks on walls differ from each other, and each of them jumps every few hundred milliseconds. */
function wallMsOf({ name, clockMs }: CoreHost): number {
  const stretch = Math.floor(clockMs / WALL_STEADY_MS);
  return Math.floor(clockMs) + (hashText(`${name} ${stretch}`) % WALL_JUMP_MS);
}

/** Makes the core of a replica's life with the settings and the code that its process was started with. */
export const newCore = (
  { admits, copies, digests, threads, timers }: Plan,
  host: CoreHost,
  { config, version }: { readonly config: GroupConfig; readonly version: string },
): Replica =>
  new Replica({
    member: host.member,
    address: host.name,
    config,
    version,
    admits,
    ...VIRTUAL_PORTS,
    wallClock: () => wallMsOf(host),
    pieceBytes: copies.pieceBytes,
    ...(timers?.agenda && { every: everyOf(timers.agenda.periodsMs), mayArm: timers.agenda.mayArm }),
    delegates: threads !== undefined,
    onOtherState: digests?.stays ? 'tell' : 'restore',
  });
