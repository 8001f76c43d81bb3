/** A service whose handler blocks the event loop. */
import { counterService } from './counter.js';

export interface Busy {
  readonly ms: number;
  /** The one replica that is blocked; the others answer at once. Default: all are. */
  readonly only?: string;
}

export const busyService = { Block: { ...counterService.Add, path: '/test.Busy/Block' } };
