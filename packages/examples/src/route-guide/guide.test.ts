import { parseServiceConfig } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { Guide } from './guide.js';
import { ISLAND, isOnMap, keyOf, PLACES } from './places.js';
import type { Point } from './proto.js';
import { routeGuideServiceConfig } from './service-config.js';
import { Walk } from './walk.js';

const at = (index: number): Point => PLACES[index]?.point ?? { eastM: -1, northM: -1 };

const walkTo = (...points: Point[]): Walk => {
  const walk = new Walk();
  for (const point of points) walk.add(point);
  return walk;
};

describe('the map', () => {
  it('has places with different names at different points, all within its bounds', () => {
    expect(new Set(PLACES.map(({ name }) => name)).size).toBe(PLACES.length);
    expect(new Set(PLACES.map(({ point }) => keyOf(point))).size).toBe(PLACES.length);
    expect(PLACES.every(({ point }) => isOnMap(point))).toBe(true);
    expect(PLACES.map(({ name }) => name)).toEqual(PLACES.map(({ name }) => name).toSorted());
  });
});

describe('the guide', () => {
  it('answers a note with the last five notes at its place, and then with the note itself', () => {
    const guide = new Guide();
    for (let i = 1; i <= 7; i++) guide.leaveNote(at(3), 'ada', `note ${i}`);
    guide.leaveNote(at(4), 'ada', 'elsewhere');
    const answer = guide.leaveNote(at(3), 'bob', 'and I');
    expect(answer.map(({ number }) => number)).toEqual([3, 4, 5, 6, 7, 9]);
    expect(answer.at(-1)).toEqual({ point: at(3), author: 'bob', text: 'and I', number: 9 });
    expect(guide.place(at(3))).toMatchObject({ notes: 8, walks: 0, asOf: 9 });
  });

  it('measures a walk, and counts each place on it once', () => {
    const guide = new Guide();
    guide.recordWalk(walkTo(at(0)));
    const path = walkTo({ eastM: 3, northM: 4 }, { eastM: 0, northM: 0 }, at(1), at(0), at(1), { eastM: 1, northM: 1 });
    const summary = guide.recordWalk(path);
    expect(at(0)).toEqual({ eastM: 0, northM: 0 });
    expect(summary).toMatchObject({ number: 2, points: 6, places: 2, discovered: 1 });
    expect(walkTo({ eastM: 3, northM: 4 }, at(0)).distanceM).toBe(5);
    expect(guide.place(at(0))).toMatchObject({ walks: 2, asOf: 2 });
  });

  it('lists the places in a rectangle, edges included', () => {
    const guide = new Guide();
    expect(guide.placesIn({ eastM: 0, northM: 0 }, ISLAND)).toHaveLength(PLACES.length);
    expect(guide.placesIn(at(20), at(20)).map(({ name }) => name)).toEqual([PLACES[20]?.name]);
    expect(guide.placesIn({ eastM: 1, northM: 1 }, { eastM: 2, northM: 2 })).toEqual([]);
  });

  it('continues from a checkpoint exactly as the guide that wrote it', () => {
    const guide = new Guide();
    for (let i = 1; i <= 7; i++) guide.leaveNote(at(i % 2), 'ä', `β ${i}`);
    guide.recordWalk(walkTo(at(1), at(9)));
    const successor = new Guide();
    successor.leaveNote(at(5), 'gone', 'gone');
    successor.restore(guide.checkpoint());
    expect(successor.checkpoint()).toEqual(guide.checkpoint());
    expect(successor.audit()).toEqual({ entries: 8, notes: 7, visits: 2 });
    expect(successor.place(at(5))).toMatchObject({ notes: 0 });
    expect(successor.leaveNote(at(1), 'a', 'b')).toEqual(guide.leaveNote(at(1), 'a', 'b'));
    expect(successor.recordWalk(walkTo(at(9), at(8)))).toEqual(guide.recordWalk(walkTo(at(9), at(8))));
  });

  it('refuses bytes that are not a checkpoint and keeps its state', () => {
    const guide = new Guide();
    guide.leaveNote(at(0), 'a', 'b');
    const good = guide.checkpoint();
    const bad = [
      '',
      '{}',
      'null',
      '{"version":2,"state":{"entries":0,"places":[]}}',
      '{"version":1,"state":{"entries":-1}}',
    ];
    for (const text of bad) expect(() => guide.restore(Buffer.from(text))).toThrow();
    expect(() => guide.restore(good.subarray(0, good.length - 1))).toThrow();
    expect(guide.checkpoint()).toEqual(good);
  });

  it('has a service config that parses', () => {
    const mode = {
      replication: 'passive',
      multicast: 'direct',
      release: 'concurrent',
      carrier: 'stream',
      leaseMs: 300,
    } as const;
    expect(parseServiceConfig(routeGuideServiceConfig(mode))).toMatchObject({ group: 'route-guide', ...mode });
  });
});
