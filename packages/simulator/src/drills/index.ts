import type { Drill } from './drill.js';
import { expiryComesLate } from './expiry-comes-late.js';
import { givenUpUnheard } from './given-up-unheard.js';
import { isolatedReaders } from './isolated-readers.js';
import { lateReply } from './late-reply.js';
import { seenByReaders } from './seen-by-readers.js';
import { toldByClients } from './told-by-clients.js';

export const DRILLS: readonly Drill[] = [
  expiryComesLate,
  givenUpUnheard,
  isolatedReaders,
  lateReply,
  seenByReaders,
  toldByClients,
];
