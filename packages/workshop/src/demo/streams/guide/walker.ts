/** A walker of the route guide's demo. */
import { ISLAND, PLACES } from '@understudy/examples/route-guide/places.js';
import type { Point, RouteGuideClient } from '@understudy/examples/route-guide/proto.js';
import type { Journal } from '../journal.js';
import { ListCall, look, NotesCall, WalkCall } from './guide-calls.js';
import type { EvidenceOf, GuideEvidence } from './guide-evidence.js';

const STEPS_A_WALK = 25;
/** How many notes may be unanswered at once. */
const OPEN_NOTES_MAX = 8;
/** How many places of a list are read at each step. Few, so that the list stays open for a good part of the walk. */
const PLACES_A_STEP = 8;

/** The task of one walker. */
export interface WalkerTask {
  readonly client: RouteGuideClient;
  /** The name of the walker, different from all others. */
  readonly author: string;
  readonly notes: number;
  /** Returns numbers from 0 to below 1, which decide where the walker goes. */
  readonly random: () => number;
  readonly journal: Journal;
  readonly onAnswered: () => void;
}

/**
 * Walks over the island: leaves a note at each step, all on one stream, reports each walk on a stream of its own, and
 * reads a list of places on a third at the same time.
 */
export async function walk(task: WalkerTask): Promise<GuideEvidence[]> {
  const { client, author, notes, random, journal, onAnswered } = task;
  const evidence: GuideEvidence[] = [];
  const notesCall = new NotesCall(client, author, journal, onAnswered);
  for (let left = 0; left < notes && !notesCall.isOver; left += STEPS_A_WALK) {
    const walkCall = new WalkCall(client, journal);
    const list = new ListCall(client, rectangle(random), journal);
    let point = somewhere(random);
    for (let step = 0; step < Math.min(STEPS_A_WALK, notes - left); step++) {
      point = somewhere(random);
      await walkCall.goTo(point);
      notesCall.leave(point);
      await list.read(PLACES_A_STEP);
      await notesCall.untilOpen(OPEN_NOTES_MAX);
    }
    evidence.push(...(await Promise.all([walkCall.finish(), list.finish(), look(client, point, journal)])));
  }
  await notesCall.untilOpen(1);
  evidence.push(await notesCall.finish());
  return evidence;
}

/** Picks a random place. Squaring makes some places frequent, so that walkers meet there. */
function somewhere(random: () => number): Point {
  const place = PLACES[Math.floor(random() ** 2 * PLACES.length)];
  if (place === undefined) throw new Error('There is no place on the map.');
  return place.point;
}

/** Picks a random rectangle that holds at least the north-eastern quarter of the island. */
const rectangle = (random: () => number): EvidenceOf<'list'>['rectangle'] => ({
  southWest: { eastM: Math.floor((random() * ISLAND.eastM) / 2), northM: Math.floor((random() * ISLAND.northM) / 2) },
  northEast: ISLAND,
});
