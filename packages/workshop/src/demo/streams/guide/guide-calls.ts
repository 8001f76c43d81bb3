/** The calls of a walker, which collect their evidence. */
import { type ClientDuplexStream, type ClientReadableStream, type ClientWritableStream, status } from '@grpc/grpc-js';
import type {
  NewNote,
  Note,
  Place,
  Point,
  RouteGuideClient,
  WalkSummary,
} from '@understudy/examples/route-guide/proto.js';
import type { StreamEnd } from '../job.js';
import type { Journal } from '../journal.js';
import type { EvidenceOf } from './guide-evidence.js';

/** A stream of notes. */
export class NotesCall {
  readonly #author: string;
  readonly #journal: Journal;
  readonly #onAnswered: () => void;
  readonly #call: ClientDuplexStream<NewNote, Note>;
  readonly #ended: Promise<StreamEnd>;
  readonly #left: EvidenceOf<'notes'>['left'][number][] = [];
  readonly #came: Note[] = [];
  #answered = 0;
  #isOver = false;

  /** @param onAnswered called for each note after its answer has arrived completely */
  constructor(client: RouteGuideClient, author: string, journal: Journal, onAnswered: () => void) {
    this.#author = author;
    this.#journal = journal;
    this.#onAnswered = onAnswered;
    this.#call = client.leaveNotes();
    this.#call.on('data', (note: Note) => this.#onNote(note));
    this.#ended = journal.ended(this.#call);
    void this.#ended.then(() => {
      this.#isOver = true;
      journal.wake();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** How many notes are not answered yet. */
  get open(): number {
    return this.#left.length - this.#answered;
  }

  /** Leaves a note whose text differs from all others of this author. */
  leave(point: Point): void {
    const text = `note ${this.#left.length + 1}`;
    this.#left.push({ point, text, sentAfter: this.#journal.seen });
    this.#call.write({ point, author: this.#author, text });
  }

  /** Waits until fewer than `limit` notes are open, or until the stream has ended. */
  untilOpen(limit: number): Promise<void> {
    return this.#journal.until(() => this.open < limit || this.#isOver);
  }

  async finish(): Promise<EvidenceOf<'notes'>> {
    this.#call.end();
    const end = await this.#ended;
    return { kind: 'notes', author: this.#author, left: this.#left, came: this.#came, end };
  }

  #onNote(note: Note): void {
    this.#came.push(note);
    if (note.author === this.#author && note.text === this.#left[this.#answered]?.text) {
      this.#answered += 1;
      this.#onAnswered();
    }
    this.#journal.arrived(note.number);
  }
}

/** A walk that is reported point by point. */
export class WalkCall {
  readonly #journal: Journal;
  readonly #call: ClientWritableStream<Point>;
  readonly #ended: Promise<StreamEnd>;
  readonly #points: Point[] = [];
  #summary: WalkSummary | undefined;

  constructor(client: RouteGuideClient, journal: Journal) {
    this.#journal = journal;
    this.#call = client.recordWalk((_error, summary) => {
      this.#summary = summary;
      if (summary !== undefined) journal.arrived(summary.number);
    });
    this.#ended = journal.ended(this.#call);
  }

  async goTo(point: Point): Promise<void> {
    this.#points.push(point);
    if (this.#call.write(point)) return;
    const drained = new Promise((resolve) => this.#call.once('drain', resolve));
    await Promise.race([drained, this.#ended]);
  }

  async finish(): Promise<EvidenceOf<'walk'>> {
    const sentAfter = this.#journal.seen;
    this.#call.end();
    const end = await this.#ended;
    return { kind: 'walk', points: this.#points, sentAfter, summary: this.#summary, end };
  }
}

/** A list of places that is read a few places at a time. */
export class ListCall {
  readonly #rectangle: EvidenceOf<'list'>['rectangle'];
  readonly #journal: Journal;
  readonly #sentAfter: number;
  readonly #ended: Promise<StreamEnd>;
  readonly #coming: AsyncIterator<Place>;
  readonly #places: Place[] = [];
  #hasMore = true;

  constructor(client: RouteGuideClient, rectangle: EvidenceOf<'list'>['rectangle'], journal: Journal) {
    this.#rectangle = rectangle;
    this.#journal = journal;
    this.#sentAfter = journal.seen;
    const call: ClientReadableStream<Place> = client.listPlaces(rectangle);
    this.#ended = journal.ended(call);
    this.#coming = (call as AsyncIterable<Place>)[Symbol.asyncIterator]();
  }

  /** Reads up to `count` places, fewer only at the end of the list. */
  async read(count: number): Promise<void> {
    for (let i = 0; i < count && this.#hasMore; i++) {
      const next = await this.#coming.next().catch(() => ({ done: true, value: undefined }) as const);
      this.#hasMore = next.done !== true;
      if (next.done === true) return;
      this.#places.push(next.value);
      this.#journal.arrived(next.value.asOf);
    }
  }

  async finish(): Promise<EvidenceOf<'list'>> {
    await this.read(Number.POSITIVE_INFINITY);
    const end = await this.#ended;
    return { kind: 'list', rectangle: this.#rectangle, sentAfter: this.#sentAfter, places: this.#places, end };
  }
}

/** Asks for the place at a point. */
export function look(client: RouteGuideClient, point: Point, journal: Journal): Promise<EvidenceOf<'look'>> {
  const sentAfter = journal.seen;
  return new Promise((resolve) => {
    client.getPlace(point, (error, place) => {
      if (place !== undefined) journal.arrived(place.asOf);
      const { code, details } = error ?? { code: status.OK, details: '' };
      resolve({ kind: 'look', point, sentAfter, place, end: { code, details } });
    });
  });
}
