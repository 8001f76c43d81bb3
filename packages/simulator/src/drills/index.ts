/** All drills, by name. */
import type { Drill } from './drill.js';
import { earlierStart } from './joining/earlier-start.js';
import { earlyCheckpoint } from './joining/early-checkpoint.js';
import { earlyEntry } from './joining/early-entry.js';
import { entersUnheard } from './joining/enters-unheard.js';
import { keyedLearner } from './joining/keyed-learner.js';
import { expiredBeforeHeld } from './leaving/expired-before-held.js';
import { expiredRetry } from './leaving/expired-retry.js';
import { expiryComesLate } from './leaving/expiry-comes-late.js';
import { leaves } from './leaving/leaves.js';
import { slowHandOver } from './leaving/slow-hand-over.js';
import { askedEarly } from './promotion/asked-early.js';
import { bodiesComeLate } from './promotion/bodies-come-late.js';
import { checkpointCovers } from './promotion/checkpoint-covers.js';
import { givenUpUnheard } from './promotion/given-up-unheard.js';
import { keyIsFree } from './promotion/key-is-free.js';
import { lateBodies } from './promotion/late-bodies.js';
import { lateReply } from './promotion/late-reply.js';
import { oldFrames } from './promotion/old-frames.js';
import { sentAfterItsWord } from './promotion/sent-after-its-word.js';
import { sessionIsBack } from './promotion/session-is-back.js';
import { silentBackup } from './promotion/silent-backup.js';
import { toldByClients } from './promotion/told-by-clients.js';
import { askedWhileUnstable } from './replies/asked-while-unstable.js';
import { askedWithoutLease } from './replies/asked-without-lease.js';
import { fairWeather } from './replies/fair-weather.js';
import { heldBack } from './replies/held-back.js';
import { isolatedReaders } from './replies/isolated-readers.js';
import { pausedCaller } from './replies/paused-caller.js';
import { seenByReaders } from './replies/seen-by-readers.js';

/** All drills; a run draws one by its place in this list. */
export const DRILLS: readonly Drill[] = [
  askedEarly,
  askedWhileUnstable,
  askedWithoutLease,
  bodiesComeLate,
  checkpointCovers,
  earlierStart,
  earlyCheckpoint,
  earlyEntry,
  entersUnheard,
  expiredBeforeHeld,
  expiredRetry,
  expiryComesLate,
  fairWeather,
  givenUpUnheard,
  heldBack,
  isolatedReaders,
  keyIsFree,
  keyedLearner,
  lateBodies,
  lateReply,
  leaves,
  oldFrames,
  pausedCaller,
  seenByReaders,
  sentAfterItsWord,
  sessionIsBack,
  silentBackup,
  slowHandOver,
  toldByClients,
];

export const drillNamed = (name: string): Drill | undefined => DRILLS.find((drill) => drill.name === name);
