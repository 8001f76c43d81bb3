import type { Parcel } from './proto.js';

/** A parcel that arrived with a key. */
export interface Registered {
  readonly parcel: Parcel;
  readonly trackingNumber: number;
  /** How often a parcel arrived with this key. */
  readonly times: number;
}

/** The state of the post office. It remembers every key until its process ends. */
export class PostOffice {
  readonly #registered = new Map<string, Registered>();
  #dispatched = 0;

  /** The parcels that arrived with a key, by that key. */
  get registered(): ReadonlyMap<string, Registered> {
    return this.#registered;
  }

  /**
   * @param key identifies the parcel: the same key gets the same number. Without a key the parcel counts as a new one
   * @returns the tracking number; undefined if the key belongs to a different parcel
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
