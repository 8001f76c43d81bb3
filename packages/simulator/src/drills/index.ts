import type { Drill } from './drill.js';
import { fairWeather } from './fair-weather.js';
import { givenUpUnheard } from './given-up-unheard.js';
import { heldBack } from './held-back.js';
import { isolatedReaders } from './isolated-readers.js';
import { seenByReaders } from './seen-by-readers.js';
import { toldByClients } from './told-by-clients.js';

export const DRILLS: readonly Drill[] = [
  fairWeather,
  givenUpUnheard,
  heldBack,
  isolatedReaders,
  seenByReaders,
  toldByClients,
];
