import { isCount, isRecord } from '../common/json-checkpoint.js';
import type { Note, Point } from './proto.js';

export interface SavedPlace {
  /** Of its point; see `keyOf`. */
  readonly key: string;
  readonly notes: number;
  readonly walks: number;
  readonly lastNotes: readonly Note[];
}

/** Everything the guide knows beyond its map: places that nobody left a note at or came by are left out. */
export interface SavedGuide {
  readonly entries: number;
  readonly places: readonly SavedPlace[];
}

export const isSavedGuide = (value: unknown): value is SavedGuide =>
  isRecord(value) && isCount(value.entries) && Array.isArray(value.places) && value.places.every(isSavedPlace);

const isSavedPlace = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.key === 'string' &&
  isCount(value.notes) &&
  isCount(value.walks) &&
  Array.isArray(value.lastNotes) &&
  value.lastNotes.every(isNote);

const isNote = (value: unknown): boolean =>
  isRecord(value) &&
  isPoint(value.point) &&
  typeof value.author === 'string' &&
  typeof value.text === 'string' &&
  isCount(value.number);

const isPoint = (value: unknown): value is Point => isRecord(value) && isCount(value.eastM) && isCount(value.northM);
