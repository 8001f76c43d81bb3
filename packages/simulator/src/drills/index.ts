import { askedEarly } from './asked-early.js';
import type { Drill } from './drill.js';
import { expiryComesLate } from './expiry-comes-late.js';
import { givenUpUnheard } from './given-up-unheard.js';
import { isolatedReaders } from './isolated-readers.js';
import { lateBodies } from './late-bodies.js';
import { lateReply } from './late-reply.js';
import { seenByReaders } from './seen-by-readers.js';
import { sessionIsBack } from './session-is-back.js';
import { silentBackup } from './silent-backup.js';
import { toldByClients } from './told-by-clients.js';

export const DRILLS: readonly Drill[] = [
  askedEarly,
  expiryComesLate,
  givenUpUnheard,
  isolatedReaders,
  lateBodies,
  lateReply,
  seenByReaders,
  sessionIsBack,
  silentBackup,
  toldByClients,
];
