import { askedEarly } from './asked-early.js';
import type { Drill } from './drill.js';
import { isolatedReaders } from './isolated-readers.js';
import { lateBodies } from './late-bodies.js';
import { lateReply } from './late-reply.js';
import { sessionIsBack } from './session-is-back.js';
import { silentBackup } from './silent-backup.js';

export const DRILLS: readonly Drill[] = [
  askedEarly,
  isolatedReaders,
  lateBodies,
  lateReply,
  sessionIsBack,
  silentBackup,
];
