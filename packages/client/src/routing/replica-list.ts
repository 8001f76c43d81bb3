/** The addresses of a group's replicas as a client knows them: those of its target, and members that it learns of. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { type HttpProxy, proxyTo } from './proxy.js';
import { parseAddress, REPLICAS_MAX, type ReplicaAddress } from './target.js';

type FoundOne = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** An address with an option of `net.connect` beside host and port: grpc-js passes the whole object on. */
type DialledAddress = experimental.SubchannelAddress & {
  readonly lookup?: (hostname: string, options: LookupOptions, found: FoundOne) => void;
};

/** One slot: an address, and the proxy on the way to it. */
export interface ReplicaPlace extends ReplicaAddress {
  /** `host:port` as the target writes it, or the path of a socket. */
  readonly authority: string;
  /** The HTTP proxy on the way. The proxy looks the name up by itself. */
  readonly proxy: HttpProxy | undefined;
  /** Nobody is known to be there, so it is not dialled. */
  readonly rests: boolean;
}

let lists = 0;

/**
 * The addresses of a group's replicas, each with a number, its slot. A name with several addresses (a headless service)
 * has as many slots; which of its addresses belongs to which slot is settled anew at each attempt to connect, so that a
 * name whose addresses changed leads to the new ones.
 */
export class ReplicaList {
  readonly #options: ChannelOptions;
  readonly #id = ++lists;
  readonly #places: Place[] = [];
  readonly #listeners = new Set<(slot: number) => void>();
  readonly #restListeners = new Set<(slot: number) => void>();

  /** @param options of the channel, of which those about proxies count */
  constructor(addresses: readonly ReplicaAddress[], options: ChannelOptions) {
    this.#options = options;
    for (const address of addresses) {
      if ('host' in address.address && isIP(address.address.host) === 0) this.#addName(address);
      else this.#places.push(new Place(address, this.#options));
    }
  }

  get places(): readonly ReplicaPlace[] {
    return this.#places;
  }

  /** The slot of the address that a replica or the group's record names; undefined if there is none. */
  slotOf(address: string): number | undefined {
    const text = textOf(address);
    const slot = this.#places.findIndex((place) => place.text === text || place.authority === text);
    return slot < 0 ? undefined : slot;
  }

  /**
   * Tells the listener of a slot that is new, or that has the address of another replica from now on.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: (slot: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Tells the listener of a slot that rests from now on, or does not rest any more.
   *
   * @returns a function that ends the subscription
   */
  onRest(listener: (slot: number) => void): () => void {
    this.#restListeners.add(listener);
    return () => this.#restListeners.delete(listener);
  }

  /** Says whether nobody is to dial the address of a slot. */
  rest(slot: number, rests: boolean): void {
    const place = this.#places[slot];
    if (place === undefined || place.rests === rests) return;
    place.rests = rests;
    for (const listener of [...this.#restListeners]) listener(slot);
  }

  /**
   * Takes in the address of a member that no slot leads to. It gets the slot of a former member if there is one.
   *
   * @param members the addresses of all members
   * @returns the slot; undefined if the address is none or there are too many
   */
  learn(address: string, members: readonly string[]): number | undefined {
    const text = textOf(address);
    if (text === undefined) return undefined;
    const known = this.slotOf(address);
    if (known !== undefined) {
      this.rest(known, false);
      return known;
    }
    const current = new Set(members.map(textOf));
    const former = this.#places.findIndex((place) => place.learned && !current.has(place.text));
    const slot = former < 0 ? this.#places.length : former;
    if (slot >= REPLICAS_MAX) return undefined;
    this.#places[slot] = new Place(parseAddress(address), this.#options, { learned: true });
    this.#changed(slot);
    return slot;
  }

  /**
   * Whether a slot has an address that was learned, and that no member has any more.
   *
   * @param members the addresses of all members, empty where one is not known
   */
  isFormer(slot: number, members: readonly string[]): boolean {
    const place = this.#places[slot];
    if (place === undefined || !place.learned || members.includes('')) return false;
    return !members.some((address) => textOf(address) === place.text);
  }

  /** A key that keeps the subchannels of two slots apart. Without it grpc-js would share them between equal addresses. */
  keyOf(slot: number): string {
    return `${this.#id}/${slot}`;
  }

  #addName(address: ReplicaAddress): void {
    const name = new Name(address, this.#options, (place) => {
      if (this.#places.length >= REPLICAS_MAX) return false;
      this.#places.push(place);
      this.#changed(this.#places.length - 1);
      return true;
    });
    this.#places.push(name.first);
  }

  #changed(slot: number): void {
    for (const listener of [...this.#listeners]) listener(slot);
  }
}

function textOf(address: string): string | undefined {
  try {
    return parseAddress(address).text;
  } catch {
    return undefined;
  }
}

/** One slot. */
class Place implements ReplicaPlace {
  readonly authority: string;
  readonly proxy: HttpProxy | undefined;
  readonly address: DialledAddress;
  readonly host: string;
  readonly learned: boolean;
  rests = false;
  readonly #found: () => string | undefined;

  constructor(
    { text, address, host }: ReplicaAddress,
    options: ChannelOptions,
    {
      learned = false,
      found = () => undefined,
      lookup: look,
    }: { learned?: boolean; found?: () => string | undefined; lookup?: DialledAddress['lookup'] } = {},
  ) {
    this.authority = text;
    this.proxy = 'path' in address ? undefined : proxyTo(text, options);
    this.address = look === undefined ? address : { ...address, lookup: look };
    this.host = host;
    this.learned = learned;
    this.#found = found;
  }

  /** As the target writes it; if its name has several addresses, the one that this slot has now. */
  get text(): string {
    return this.#found() ?? this.authority;
  }
}

/** A name of the target. It has one slot, and one more for each further address that it turns out to have. */
class Name {
  readonly first: Place;
  readonly #address: ReplicaAddress;
  readonly #options: ChannelOptions;
  readonly #add: (place: Place) => boolean;
  readonly #places: Place[] = [];
  /** The address that each place was given last. */
  readonly #given = new Map<Place, LookupAddress>();

  constructor(address: ReplicaAddress, options: ChannelOptions, add: (place: Place) => boolean) {
    this.#address = address;
    this.#options = options;
    this.#add = add;
    this.first = this.#place();
    this.#places.push(this.first);
  }

  #place(): Place {
    const place: Place = new Place(this.#address, this.#options, {
      found: () => this.#textOf(place),
      lookup: (hostname, options, found) => this.#lookUp(place, hostname, options, found),
    });
    return place;
  }

  #lookUp(place: Place, hostname: string, options: LookupOptions, found: FoundOne): void {
    lookup(hostname, { ...options, all: true }, (error, all) => {
      if (error !== null) return found(error);
      const each = replicasIn(all);
      if (each.length <= 1 && this.#places.length === 1) {
        if (options.all) return found(null, all);
        return found(null, all[0]?.address ?? '', all[0]?.family);
      }
      while (this.#places.length < each.length) {
        const further = this.#place();
        if (!this.#add(further)) break;
        this.#places.push(further);
      }
      const mine = this.#give(place, each);
      if (mine === undefined) return found(new Error(`${hostname} has only ${each.length} addresses now`));
      if (options.all) found(null, [mine]);
      else found(null, mine.address, mine.family);
    });
  }

  /** A place keeps its address as long as the name has it; otherwise it gets an address that no place has. */
  #give(place: Place, each: readonly LookupAddress[]): LookupAddress | undefined {
    const kept = this.#given.get(place);
    const same = each.find(({ address }) => address === kept?.address);
    if (same !== undefined) return same;
    const taken = new Set([...this.#given].filter(([other]) => other !== place).map(([, { address }]) => address));
    const free = each.find(({ address }) => !taken.has(address));
    if (free === undefined) this.#given.delete(place);
    else this.#given.set(place, free);
    return free;
  }

  #textOf(place: Place): string | undefined {
    const { address } = this.#address;
    const given = this.#given.get(place);
    if (given === undefined || !('host' in address)) return undefined;
    return experimental.subchannelAddressToString({ host: given.address, port: address.port });
  }
}

/**
 * The addresses that stand for one replica each. If the name has addresses of both families, those of the second family
 * are the same replicas again. The system puts the family first that it can reach.
 */
function replicasIn(all: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = all.filter(({ family }) => family === all[0]?.family);
  const others = all.filter(({ family }) => family !== all[0]?.family);
  return others.length > preferred.length ? others : preferred;
}
