import type { Drill } from './drill.js';
import { isolatedReaders } from './isolated-readers.js';
import { lateBodies } from './late-bodies.js';
import { lateReply } from './late-reply.js';

export const DRILLS: readonly Drill[] = [isolatedReaders, lateBodies, lateReply];
