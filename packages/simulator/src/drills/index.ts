import { askedEarly } from './asked-early.js';
import type { Drill } from './drill.js';
import { expiryComesLate } from './expiry-comes-late.js';
import { fairWeather } from './fair-weather.js';
import { givenUpUnheard } from './given-up-unheard.js';
import { heldBack } from './held-back.js';
import { isolatedReaders } from './isolated-readers.js';
import { keyIsFree } from './key-is-free.js';
import { lateBodies } from './late-bodies.js';
import { lateReply } from './late-reply.js';
import { pausedCaller } from './paused-caller.js';
import { seenByReaders } from './seen-by-readers.js';
import { sessionIsBack } from './session-is-back.js';
import { silentBackup } from './silent-backup.js';
import { slowHandOver } from './slow-hand-over.js';
import { toldByClients } from './told-by-clients.js';

export const DRILLS: readonly Drill[] = [
  askedEarly,
  expiryComesLate,
  fairWeather,
  givenUpUnheard,
  heldBack,
  isolatedReaders,
  keyIsFree,
  lateBodies,
  lateReply,
  pausedCaller,
  seenByReaders,
  sessionIsBack,
  silentBackup,
  slowHandOver,
  toldByClients,
];
