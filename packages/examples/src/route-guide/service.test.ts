import { once } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BareServer, startBare } from '../common/bare.js';
import { Guide } from './guide.js';
import { PLACES } from './places.js';
import {
  type NewNote,
  type Note,
  type Place,
  type Point,
  RouteGuideClient,
  RouteGuideService,
  type WalkSummary,
} from './proto.js';
import { handlers } from './service.js';

let guide: Guide;
let server: BareServer;
let client: RouteGuideClient;
beforeEach(async () => {
  guide = new Guide();
  server = await startBare('127.0.0.1:0', (to) => to.addService(RouteGuideService, handlers(guide)));
  client = new RouteGuideClient(server.address, grpc.credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.stop();
});

const at = (index: number): Point => PLACES[index]?.point ?? { eastM: -1, northM: -1 };
const note = (index: number, text: string): NewNote => ({ point: at(index), author: 'ada', text });

const getPlace = (point: Point): Promise<Place> =>
  new Promise((resolve, reject) => {
    client.getPlace(point, (error, place) => (place === undefined ? reject(error) : resolve(place)));
  });

async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

const recordWalk = (points: readonly Point[]): Promise<WalkSummary> =>
  new Promise((resolve, reject) => {
    const call = client.recordWalk((error, summary) => (summary === undefined ? reject(error) : resolve(summary)));
    for (const point of points) call.write(point);
    call.end();
  });

describe('a place', () => {
  it('is found by its point', async () => {
    guide.leaveNote(at(7), 'ada', 'hello');
    expect(await getPlace(at(7))).toEqual({ ...PLACES[7], notes: 1, walks: 0, asOf: 1 });
  });

  it('is NOT_FOUND at a point without one', async () => {
    await expect(getPlace({ eastM: 1, northM: 1 })).rejects.toMatchObject({
      code: grpc.status.NOT_FOUND,
      details: 'there is no place at 1,1',
    });
  });
});

describe('a rectangle', () => {
  it('is answered with its places, one message each', async () => {
    const places = await all(client.listPlaces({ southWest: at(0), northEast: at(PLACES.length - 1) }));
    expect(places.length).toBeGreaterThan(100);
    expect(places).toEqual(guide.placesIn(at(0), at(PLACES.length - 1)));
  });

  it.each([
    ['without a corner', { southWest: at(0), northEast: null }],
    ['inside out', { southWest: at(9), northEast: at(0) }],
  ])('%s is refused', async (_what, rectangle) => {
    await expect(all(client.listPlaces(rectangle))).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
  });

  it('is answered as of the moment of the call, however slowly the client reads', async () => {
    const call = client.listPlaces({ southWest: at(0), northEast: at(PLACES.length - 1) });
    const asOf = new Set<number>();
    for await (const place of call as AsyncIterable<Place>) {
      asOf.add(place.asOf);
      guide.leaveNote(at(150), 'ada', 'meanwhile');
    }
    expect([...asOf]).toEqual([0]);
  });
});

describe('a walk', () => {
  it('enters the logbook when its caller ends the stream', async () => {
    expect(await recordWalk([at(0), at(1), at(1)])).toMatchObject({ number: 1, points: 3, places: 2, discovered: 2 });
    expect(guide.audit()).toMatchObject({ entries: 1, visits: 2 });
  });

  it.each([
    ['without a point', [], 'a walk has at least one point'],
    ['that leaves the map', [at(0), { eastM: -1, northM: 0 }, at(1)], '-1,0 is off the map'],
  ])('%s is refused', async (_what, points, details) => {
    await expect(recordWalk(points)).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT, details });
    expect(guide.audit().entries).toBe(0);
  });

  it('that is cancelled leaves nothing behind', async () => {
    const cancelled = new Promise<grpc.ServiceError | null>((resolve) => {
      const call = client.recordWalk(resolve);
      call.write(at(0), () => call.cancel());
    });
    expect(await cancelled).toMatchObject({ code: grpc.status.CANCELLED });
    expect(await recordWalk([at(3)])).toMatchObject({ number: 1 });
  });
});

describe('notes', () => {
  it('are each answered with the earlier notes of their place, and with themselves', async () => {
    guide.leaveNote(at(2), 'bob', 'first');
    const call = client.leaveNotes();
    for (const next of [note(2, 'second'), note(5, 'elsewhere'), note(2, 'third')]) call.write(next);
    call.end();
    const answers = await all(call as AsyncIterable<Note>);
    expect(answers.map(({ text, number }) => `${number} ${text}`)).toEqual([
      ...['1 first', '2 second'],
      ...['3 elsewhere'],
      ...['1 first', '2 second', '4 third'],
    ]);
  });

  it.each([
    ['nowhere', { ...note(0, 'x'), point: { eastM: 1, northM: 1 } }, grpc.status.NOT_FOUND],
    ['without a point', { ...note(0, 'x'), point: null }, grpc.status.NOT_FOUND],
    ['without a text', note(0, ''), grpc.status.INVALID_ARGUMENT],
    ['by nobody', { ...note(0, 'x'), author: '' }, grpc.status.INVALID_ARGUMENT],
  ])('%s end their stream, and later notes on it are not left', async (_what, bad, code) => {
    const call = client.leaveNotes();
    for (const next of [note(0, 'before'), bad, note(0, 'after')]) call.write(next);
    call.end();
    await expect(all(call as AsyncIterable<Note>)).rejects.toMatchObject({ code });
    expect(guide.audit().entries).toBe(1);
  });

  it('are not taken while the client does not read the answers', async () => {
    const notes = 6_000;
    const call = client.leaveNotes();
    call.write(note(0, 'first'));
    // grpc-js buffers all answers of a call that was never read. A call that was read once and paused exerts
    // backpressure.
    await once(call, 'data');
    call.pause();
    for (let i = 1; i < notes; i++) call.write(note(0, 'x'.repeat(200)));
    call.end();
    // Other calls are answered meanwhile. They show when the logbook no longer grows.
    let entries = 0;
    for (let same = 0; same < 20; same++) {
      const { asOf } = await getPlace(at(1));
      if (asOf !== entries) same = 0;
      entries = asOf;
    }
    expect(entries).toBeLessThan(notes);
    let numbers = 0;
    for await (const { number } of call as AsyncIterable<Note>) if (number > numbers) numbers = number;
    expect(numbers).toBe(notes);
  });
});
