/** The format of a route guide's checkpoint. */
import { isCount, isRecord } from '../common/json-checkpoint.js';
import type { Note, Point } from './proto.js';

/** A place that a note was left at or a walk passed. */
export interface SavedPlace {
  /** The key of the place's point; see `keyOf`. */
  readonly key: string;
  readonly notes: number;
  readonly walks: number;
  readonly lastNotes: readonly Note[];
}

/** The whole state of a guide. It leaves out the places without a note or walk, since the map has them. */
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
