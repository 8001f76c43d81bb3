import { currentHandling, expectCalls, type Handling, handle } from '@understudy/context';
import { InvariantViolation, type Replica, type ReplicaEffect, type ReplicaEvent } from '@understudy/core/internal';
import { afterEach, describe, expect, it } from 'vitest';
import { EventLoop } from './event-loop.js';

/** Stands for a core: records events, and answers each with the effects it was told. */
class Recorder {
  readonly events: string[] = [];
  readonly timesMs: number[] = [];
  wantsFlush = false;
  stepping = false;

  constructor(readonly answer: (event: ReplicaEvent) => ReplicaEffect[] = () => []) {}

  step(event: ReplicaEvent, nowMs: number): readonly ReplicaEffect[] {
    if (this.stepping) throw new Error('step inside step');
    this.stepping = true;
    this.events.push(event.kind);
    this.timesMs.push(nowMs);
    if (event.kind === 'flush') this.wantsFlush = false;
    const effects = this.answer(event);
    this.stepping = false;
    return effects;
  }
}

const READ: ReplicaEffect = { kind: 'readRecord' };
const SET: ReplicaEffect = { kind: 'takeCheckpoint', copy: 1, kept: false, told: [] };
const turn = () => new Promise((resolve) => setImmediate(resolve));

let loop: EventLoop;
afterEach(() => loop.close());

function make(recorder: Recorder, perform: (effect: ReplicaEffect) => void, onFatal: (error: Error) => void = raise) {
  loop = new EventLoop({ core: recorder as unknown as Replica, perform, onFatal });
  return loop;
}

function raise(error: Error): never {
  throw error;
}

describe('the event loop', () => {
  it('carries out all effects of an event before it takes the event that one of them leads to', () => {
    const order: string[] = [];
    const recorder = new Recorder((event) => (event.kind === 'stepDown' ? [READ, SET] : []));
    make(recorder, (effect) => {
      order.push(effect.kind);
      if (effect === READ) loop.dispatch({ kind: 'restored' });
    });
    loop.dispatch({ kind: 'stepDown' });
    expect(order).toEqual(['readRecord', 'takeCheckpoint']);
    expect(recorder.events).toEqual(['stepDown', 'restored']);
  });

  it('carries out effects outside of any handling, even if a handler has caused them', () => {
    expectCalls();
    const within: unknown[] = [];
    make(new Recorder(() => [READ]), () => within.push(currentHandling()));
    const handling: Handling = { nest: () => ({ cancel() {} }) };
    handle(handling, () => {
      loop.dispatch({ kind: 'stepDown' });
      within.push(currentHandling());
    });
    expect(within).toEqual([undefined, handling]);
  });

  it('flushes once at the end of a turn, however many events came', async () => {
    const recorder = new Recorder((event) => {
      if (event.kind !== 'flush') recorder.wantsFlush = true;
      return [];
    });
    make(recorder, () => {});
    for (let i = 0; i < 3; i++) loop.dispatch({ kind: 'restored' });
    expect(recorder.events).toEqual(['restored', 'restored', 'restored']);
    await turn();
    await turn();
    expect(recorder.events).toEqual(['restored', 'restored', 'restored', 'flush']);
  });

  it('lets sockets and timers have their turn, and flushes, when events lead to events without an end', async () => {
    const recorder = new Recorder((event) => {
      if (event.kind === 'flush') return [];
      recorder.wantsFlush = true;
      return [READ];
    });
    make(recorder, () => loop.dispatch({ kind: 'restored' }));
    loop.dispatch({ kind: 'restored' });
    const before = recorder.events.length;
    loop.dispatch({ kind: 'stepDown' });
    expect(recorder.events).toHaveLength(before);
    await turn();
    expect(recorder.events.slice(before, before + 3)).toEqual(['flush', 'restored', 'stepDown']);
  });

  it('never lets the clock go back', () => {
    const recorder = new Recorder();
    make(recorder, () => {});
    for (let i = 0; i < 100; i++) loop.dispatch({ kind: 'tick' });
    expect(recorder.timesMs).toEqual([...recorder.timesMs].sort((a, b) => a - b));
  });

  it('stops for good when the core throws, and drops the events after that', () => {
    const seen: Error[] = [];
    const recorder = new Recorder((event) => {
      if (event.kind === 'stepDown') throw new InvariantViolation('broken');
      return [];
    });
    make(
      recorder,
      () => {},
      (error) => seen.push(error),
    );
    loop.dispatch({ kind: 'stepDown' });
    loop.dispatch({ kind: 'restored' });
    expect(seen.map(({ message }) => message)).toEqual(['broken']);
    expect(recorder.events).toEqual(['stepDown']);
  });

  it('carries out no effect after one that closed it', () => {
    const done: string[] = [];
    make(new Recorder(() => [READ, SET]), (effect) => {
      done.push(effect.kind);
      loop.close();
    });
    loop.dispatch({ kind: 'restored' });
    expect(done).toEqual(['readRecord']);
  });
});
