/** A service whose handlers block the event loop. */
import { counterService } from '../../testing/counter.js';

export interface Busy {
  readonly ms: number;
  /** The one replica to block; the others answer at once. Default: all of them. */
  readonly only?: string;
}

export const busyService = {
  /** Computes. */
  Block: { ...counterService.Add, path: '/test.Busy/Block' },
  /** Has garbage collected, again and again until the time is over. Its processes need `--expose-gc`. */
  Collect: { ...counterService.Add, path: '/test.Busy/Collect' },
};
