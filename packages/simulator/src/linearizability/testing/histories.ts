/** Random histories for the tests of the checker. */
import fc from 'fast-check';
import type { Operation } from '../model.js';
import type { Service } from './services.js';

/** The fate of a call. `lost`: it took effect, but its answer was lost. `never`: it took no effect. */
type Fate = 'answered' | 'lost' | 'never';

/**
 * Makes histories that are linearizable by construction: the i-th call is executed at time i, invoked some time before,
 * and answered some time after.
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

/** Makes such histories and falsifies some answers: each becomes the answer after a few calls that no client made. */
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
