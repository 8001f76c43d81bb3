import { askedEarly } from './asked-early.js';
import { askedWhileUnstable } from './asked-while-unstable.js';
import { askedWithoutLease } from './asked-without-lease.js';
import { bodiesComeLate } from './bodies-come-late.js';
import { checkpointCovers } from './checkpoint-covers.js';
import type { Drill } from './drill.js';
import { earlierStart } from './earlier-start.js';
import { earlyCheckpoint } from './early-checkpoint.js';
import { earlyEntry } from './early-entry.js';
import { entersUnheard } from './enters-unheard.js';
import { expiredBeforeHeld } from './expired-before-held.js';
import { expiredRetry } from './expired-retry.js';
import { expiryComesLate } from './expiry-comes-late.js';
import { fairWeather } from './fair-weather.js';
import { givenUpUnheard } from './given-up-unheard.js';
import { heldBack } from './held-back.js';
import { isolatedReaders } from './isolated-readers.js';
import { keyIsFree } from './key-is-free.js';
import { keyedLearner } from './keyed-learner.js';
import { lateBodies } from './late-bodies.js';
import { lateReply } from './late-reply.js';
import { leaves } from './leaves.js';
import { oldFrames } from './old-frames.js';
import { pausedCaller } from './paused-caller.js';
import { seenByReaders } from './seen-by-readers.js';
import { sentAfterItsWord } from './sent-after-its-word.js';
import { sessionIsBack } from './session-is-back.js';
import { silentBackup } from './silent-backup.js';
import { slowHandOver } from './slow-hand-over.js';
import { toldByClients } from './told-by-clients.js';

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
