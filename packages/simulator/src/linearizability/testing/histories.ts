import fc from 'fast-check';
import type { Operation } from '../model.js';
import type { Service } from './services.js';

/** `lost`: it took effect and nobody heard; `never`: it was called and nothing came of it. */
type Fate = 'answered' | 'lost' | 'never';

/**
 * Histories that are linearizable by construction: calls executed one after the other, the i-th at time i, each called
 * some time before and answered some time after.
 */
export function linearizableHistories<Input, Output>(
  { inputs, start }: Service<Input, Output>,
  maxLength: number,
  minLength = 0,
): fc.Arbitrary<readonly Operation<Input, Output>[]> {
  const spread = fc.constantFrom(0, 0.1, 0.2, 0.4, 0.7, 2);
  const call = fc.record({
    input: inputs,
    before: spread,
    after: spread,
    fate: fc.constantFrom<Fate>('answered', 'answered', 'answered', 'lost', 'never'),
  });
  return fc.array(call, { minLength, maxLength }).map((calls) => {
    const execute = start();
    return calls.map(({ input, before, after, fate }, at) => {
      const output = fate === 'never' ? undefined : execute(input);
      const invokedAt = at - before;
      return fate === 'answered'
        ? { process: at, input, output, invokedAt, completedAt: at + after }
        : { process: at, input, output: undefined, invokedAt, completedAt: Number.POSITIVE_INFINITY };
    });
  });
}

/** The same, but some answers are what the call would have got after a few calls made up for it. */
export function damagedHistories<Input, Output>(
  service: Service<Input, Output>,
  maxLength: number,
): fc.Arbitrary<readonly Operation<Input, Output>[]> {
  const damage = fc.record({ at: fc.nat(maxLength), before: fc.array(service.inputs, { maxLength: 3 }) });
  const damages = fc.array(damage, { minLength: 1, maxLength: 5 });
  return fc.tuple(linearizableHistories(service, maxLength, 3), damages).map(([history, all]) => {
    const damaged = [...history];
    for (const { at, before } of all) {
      const victim = damaged[at];
      if (victim?.output === undefined) continue;
      const execute = service.start();
      for (const input of before) execute(input);
      damaged[at] = { ...victim, output: execute(victim.input) };
    }
    return damaged;
  });
}
