import type { Drill } from './drill.js';
import { isolatedReaders } from './isolated-readers.js';
import { pausedCaller } from './paused-caller.js';
import { slowHandOver } from './slow-hand-over.js';

export const DRILLS: readonly Drill[] = [isolatedReaders, pausedCaller, slowHandOver];
