/** Cases for streaming handlers, each played with grpc-js and with ours. */
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { playOurs } from './stream-ours.js';
import { playPlain } from './stream-plain.js';
import { comparable, type Scenario, type ScenarioStep, type StreamHandler } from './streams.js';

export function metadata(...entries: [string, string | Buffer][]): Metadata {
  const made = new Metadata();
  for (const [key, value] of entries) made.add(key, value);
  return made;
}

export const trailers = () =>
  metadata(['x-trailer', 'one'], ['x-trailer', 'two'], ['x-raw-bin', Buffer.from([0, 255])]);
export const initial = () => metadata(['x-initial', 'a'], ['x-first-bin', Buffer.from([9, 8])]);
export const refused = (extra: object) => Object.assign(new Error('the message'), extra);
export const turn = () => new Promise(setImmediate);
export const write = (...values: unknown[]): ScenarioStep[] => values.map((value) => ({ write: value }));
export const until = (condition: Extract<ScenarioStep, { until: unknown }>['until']): ScenarioStep => ({
  until: condition,
});

/** A handler, and the steps of its client. Without steps the client sends what the kind of method needs, and ends. */
export type Case = StreamHandler | [StreamHandler, ScenarioStep[]] | [StreamHandler, ScenarioStep[], Partial<Scenario>];
export type Cases = Record<string, Case>;

const REQUEST: ScenarioStep = { write: { text: 'hello' } };
const REQUESTS = write('a', 'b', 'c');

function scenarioOf(kind: Scenario['kind'], given: Case): Scenario {
  const [handler, steps, more] = typeof given === 'function' ? [given] : given;
  const usual = kind === 'serverStream' ? [REQUEST] : REQUESTS;
  const client = steps ?? [...usual, 'end' as const];
  return { kind, handler, client, metadata: metadata(['x-one', '1'], ['x-raw-bin', Buffer.from([1, 2])]), ...more };
}

/** Plays each case with grpc-js and with ours, and compares what the two sides of the call see. */
export function sideBySide(kind: Scenario['kind'], cases: Cases): void {
  describe(`a client of a captured ${kind} handler sees the same as one of a plain handler, which`, () => {
    it.each(Object.entries(cases))('%s', async (_name, given) => {
      const scenario = scenarioOf(kind, given);
      const expected = await playPlain(scenario);
      expect(expected.status).toBeDefined();
      expect(comparable(await playOurs(scenario))).toEqual(comparable(expected));
    });
  });
}
