import { type Agenda, currentStep } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';

/**
 * The agenda of the running handler, which takes what the handler wants done later.
 *
 * @throws UNDERSTUDY_OUT_OF_ORDER if no handler runs
 */
export function agendaFor(what: string): Agenda {
  const agenda = currentStep()?.agenda;
  if (agenda !== undefined) return agenda;
  throw new UnderstudyError(
    'UNDERSTUDY_OUT_OF_ORDER',
    `${what} was called where no message is processed: outside of handlers, in a read-only call, or after I/O or a timer that has no place in the order. Call it in a handler, before anything else is awaited`,
  );
}
