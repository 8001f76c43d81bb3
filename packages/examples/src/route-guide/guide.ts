/** The state of the route guide, without any gRPC. */
import { decodeCheckpoint, encodeCheckpoint } from '../common/json-checkpoint.js';
import { isSavedGuide, type SavedGuide, type SavedPlace } from './guide-checkpoint.js';
import { keyOf, type MapPlace, PLACES } from './places.js';
import type { Note, Place, Point, WalkSummary } from './proto.js';
import type { Walk } from './walk.js';

/** How many earlier notes of its place answer a new note. */
export const NOTES_GIVEN_BACK = 5;

const VERSION = 1;

interface Visits {
  readonly place: MapPlace;
  notes: number;
  walks: number;
  /** The newest notes, oldest first, at most `NOTES_GIVEN_BACK`. */
  lastNotes: readonly Note[];
}

/**
 * A map that does not change, and a logbook of notes and walks. The state depends on nothing but the entries and their
 * order, so all replicas reach the same one. Of the logbook it keeps only the length and what answers need.
 */
export class Guide {
  #entries = 0;
  readonly #visits = new Map<string, Visits>(
    PLACES.map((place) => [keyOf(place.point), { place, notes: 0, walks: 0, lastNotes: [] }]),
  );

  /** @returns the place at a point; undefined if there is none */
  place(point: Point): Place | undefined {
    const visits = this.#visits.get(keyOf(point));
    return visits && this.#describe(visits);
  }

  /** @returns the places in a rectangle by name, edges included */
  placesIn(southWest: Point, northEast: Point): Place[] {
    const inside = ({ eastM, northM }: Point): boolean =>
      eastM >= southWest.eastM && eastM <= northEast.eastM && northM >= southWest.northM && northM <= northEast.northM;
    return [...this.#visits.values()]
      .filter(({ place }) => inside(place.point))
      .map((visits) => this.#describe(visits));
  }

  /** Enters a note at a place that must exist. @returns earlier notes of the place, oldest first, then the new one */
  leaveNote(point: Point, author: string, text: string): readonly Note[] {
    const visits = this.#visits.get(keyOf(point));
    if (visits === undefined) throw new Error(`There is no place at ${keyOf(point)}.`);
    this.#entries += 1;
    const note: Note = { point, author, text, number: this.#entries };
    const answer = [...visits.lastNotes, note];
    visits.notes += 1;
    visits.lastNotes = answer.slice(-NOTES_GIVEN_BACK);
    return answer;
  }

  /** Enters a walk that has ended. */
  recordWalk({ points, distanceM, visited }: Walk): WalkSummary {
    this.#entries += 1;
    let places = 0;
    let discovered = 0;
    for (const key of visited) {
      const visits = this.#visits.get(key);
      if (visits === undefined) continue;
      places += 1;
      if (visits.walks === 0) discovered += 1;
      visits.walks += 1;
    }
    return { number: this.#entries, points, places, discovered, distanceM };
  }

  /** @returns the length of the logbook, the number of notes, and how often a walk passed a place */
  audit(): { readonly entries: number; readonly notes: number; readonly visits: number } {
    const all = [...this.#visits.values()];
    const sum = (of: (place: Visits) => number): number => all.reduce((total, place) => total + of(place), 0);
    return { entries: this.#entries, notes: sum(({ notes }) => notes), visits: sum(({ walks }) => walks) };
  }

  /** Copies the whole state into bytes. */
  checkpoint(): Uint8Array {
    const places = [...this.#visits].flatMap(([key, { notes, walks, lastNotes }]): SavedPlace[] =>
      notes + walks === 0 ? [] : [{ key, notes, walks, lastNotes }],
    );
    return encodeCheckpoint(VERSION, { entries: this.#entries, places } satisfies SavedGuide);
  }

  /** Replaces the whole state. Throws and changes nothing if the bytes are not a checkpoint. */
  restore(bytes: Uint8Array): void {
    const { entries, places } = decodeCheckpoint(bytes, VERSION, 'the route guide', isSavedGuide);
    const saved = new Map(places.map((place) => [place.key, place]));
    this.#entries = entries;
    for (const [key, visits] of this.#visits) {
      const { notes, walks, lastNotes } = saved.get(key) ?? { notes: 0, walks: 0, lastNotes: [] };
      Object.assign(visits, { notes, walks, lastNotes });
    }
  }

  #describe({ place: { name, point }, notes, walks }: Visits): Place {
    return { name, point, notes, walks, asOf: this.#entries };
  }
}
