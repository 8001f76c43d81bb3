import type { Drill } from './drill.js';
import { isolatedReaders } from './isolated-readers.js';

export const DRILLS: readonly Drill[] = [isolatedReaders];
