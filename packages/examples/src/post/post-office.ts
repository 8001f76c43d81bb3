import type { Parcel } from './proto.js';

/** A parcel that came with a key. */
export interface Registered {
  readonly parcel: Parcel;
  readonly trackingNumber: number;
  /** How often its key came. */
  readonly times: number;
}

/** The post office itself. It keeps every key, as long as its process lives. */
export class PostOffice {
  readonly #registered = new Map<string, Registered>();
  #dispatched = 0;

  /** Parcels that came with a key, by that. */
  get registered(): ReadonlyMap<string, Registered> {
    return this.#registered;
  }

  /**
   * @param key names the parcel; the same one gets the same number. Undefined: every parcel is a new one
   * @returns its tracking number; undefined if the key names another parcel
   */
  dispatch(parcel: Parcel, key: string | undefined): number | undefined {
    const known = key === undefined ? undefined : this.#registered.get(key);
    if (known !== undefined && !isSame(known.parcel, parcel)) return undefined;
    const trackingNumber = known?.trackingNumber ?? ++this.#dispatched;
    if (key !== undefined) this.#registered.set(key, { parcel, trackingNumber, times: (known?.times ?? 0) + 1 });
    return trackingNumber;
  }
}

const isSame = (a: Parcel, b: Parcel): boolean =>
  a.recipient === b.recipient && a.content === b.content && a.reference === b.reference;
